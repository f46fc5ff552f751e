/**
 * Makes the QuickJS of an engine tell of promises that are rejected without a handler. Its runtime has a place for a
 * function of C that is told (`JS_SetHostPromiseRejectionTracker`), and componentize-qjs puts none there. This adds a
 * function to the module of the runtime and calls it where QuickJS would call the one that is not there.
 *
 * That function calls the JavaScript function whose object stands in the runtime beside the empty place. The first
 * object with which a promise is rejected becomes that function: `failure/rejections.ts` does this when a program is loaded.
 */
import { concat, importedFunctions, leb, rewrite, signed, sized, unsigned } from "./wasm.ts";

const CUSTOM = 0;
const FUNCTIONS = 3;
const CODE = 10;
const CORE_MODULE = 1;
const COMPONENT = 4;

/** Stands for any byte in a pattern. */
const ANY = -1;
/** Of a `JSRuntime`: the tracker, which is never set, and what is passed to it. */
const TRACKER = [0x28, 0x02, 0xa4, 0x05];
const OPAQUE = [0x28, 0x02, 0xa8, 0x05];
/** `local.tee`, `i32.eqz`, `br_if`: whether there is a tracker. */
const IS_SET = [0x22, ANY, 0x45, 0x0d];
/** `local.get` of the tracker, `call_indirect` of a type: as many bytes as `call` with a padded number. */
const CALLED = [0x20, ANY, 0x11, ANY, 0x00];
/** A field of a `JSRuntime` that is always set, in as many bytes as {@link TRACKER}. */
const ALWAYS_SET = [0x28, 0x02, 0x80, 0x00];
/** `JS_EnqueueJob(ctx, promise_reaction_job, 5, …)`, up to what it is given, and the number of the function. */
const ENQUEUE = [0x23, 0x02, 0x41, 0xb0, 0x02, 0x6a, 0x41, 0x05, 0x20];
/** Where QuickJS looks at the tracker: a handler comes late, in two places; a promise is rejected. */
const PLACES = 3;

/** The engine with its runtime patched. */
export function patchRuntime(engine: Uint8Array): Uint8Array {
  let patched = 0;
  const component = (bytes: Uint8Array): Uint8Array =>
    rewrite(bytes, (id, content) => {
      if (id === COMPONENT) return component(content);
      if (id !== CORE_MODULE) return content;
      const changed = patchModule(content);
      if (changed === undefined) return content;
      patched++;
      return changed;
    });
  const result = component(engine);
  if (patched !== 1) {
    throw new Error(
      "The runtime of componentize-qjs is another one than runtime/tracker.ts knows: disassemble it and look for the " +
        "three calls of host_promise_rejection_tracker",
    );
  }
  return result;
}

/** Nothing for a module that is not the runtime. */
function patchModule(module: Uint8Array): Uint8Array | undefined {
  let site: { type: number; enqueue: number[] } | undefined;
  let added: number | undefined;
  const sections = rewrite(module, (id, content) => {
    if (id === CUSTOM || id !== CODE) return content;
    const sites = placesOf(content, [...TRACKER, ...IS_SET]);
    const calls = placesOf(content, [...OPAQUE, ...CALLED]).map((at) => at + OPAQUE.length);
    const enqueue = enqueueOf(content);
    if (sites.length !== PLACES || calls.length !== PLACES || enqueue === undefined) {
      return content;
    }
    added = functionCount(module);
    const code = content.slice();
    const types = new Set<number>();
    for (const at of sites) code.set(ALWAYS_SET, at);
    for (const at of calls) {
      types.add(code[at + 3]!);
      code.set([0x10, ...padded(added)], at);
    }
    if (types.size !== 1) return content;
    site = { type: [...types][0]!, enqueue };
    return withItem(code, sized(trackerBody(enqueue)));
  });
  if (site === undefined) return undefined;
  const { type } = site;
  return rewrite(
    sections,
    (id, content) => id === FUNCTIONS ? withItem(content, Uint8Array.of(type)) : content,
  );
}

/**
 * `(ctx: i32, promise: i64, reason: i64, is_handled: i32, opaque: i32)`. Values are NaN-boxed: the upper half of an
 * object is all ones, the lower half its address.
 */
function trackerBody(enqueue: number[]): Uint8Array {
  const [promise, reason, isHandled, opaque, frame] = [1, 2, 3, 4, 5];
  const get = (local: number) => [0x20, local];
  const store = (at: number, ...value: number[]) => [...get(frame!), ...value, 0x37, 0x03, at];
  const undefinedValue = [0x42, ...signed(3n << 32n)];
  return Uint8Array.from([
    ...[1, 1, 0x7f],
    // if (opaque === 0)
    ...[...get(opaque!), 0x45, 0x04, 0x40],
    // if (!isHandled && reason >> 32 === 0xffffffff)
    ...[...get(isHandled!), 0x45, ...get(reason!), 0x42, 32, 0x88],
    ...[0x42, ...signed(0xffffffffn), 0x51, 0x71, 0x04, 0x40],
    // ctx.rt.opaque = reason
    ...[...get(0), 0x28, 0x02, 0x08, ...get(reason!), 0xa7, 0x36, ...OPAQUE.slice(1)],
    ...[0x0b, 0x0f, 0x0b],
    // The arguments of a reaction without a promise of its own: resolve, reject, handler, isReject, value.
    ...[0x23, 0, 0x41, 48, 0x6b, 0x22, frame!, 0x24, 0],
    ...store(0, ...undefinedValue),
    ...store(8, ...undefinedValue),
    ...store(16, ...get(opaque!), 0xad, 0x42, ...signed(-1n << 32n), 0x84),
    ...store(24, 0x42, ...signed(1n << 32n)),
    ...store(32, ...get(promise!)),
    ...[...get(0), ...ENQUEUE, frame!, 0x10, ...enqueue, 0x1a],
    ...[...get(frame!), 0x41, 48, 0x6a, 0x24, 0],
    0x0b,
  ]);
}

/** The number of `JS_EnqueueJob`, as it is encoded: all calls for reactions are of the same one. */
function enqueueOf(code: Uint8Array): number[] | undefined {
  const found = placesOf(code, ENQUEUE).map((at) => {
    // local.get ARGUMENTS, call NUMBER.
    const start = at + ENQUEUE.length + 1;
    return code[start] === 0x10 ? code.slice(start + 1, leb(code, start + 1).end) : undefined;
  });
  const [first, ...others] = found;
  if (first === undefined || others.some((other) => `${other}` !== `${first}`)) return undefined;
  return [...first];
}

function placesOf(bytes: Uint8Array, pattern: number[]): number[] {
  const places: number[] = [];
  for (let at = 0; at + pattern.length <= bytes.length; at++) {
    const matches = (byte: number, offset: number) => byte === ANY || bytes[at + offset] === byte;
    if (pattern.every(matches)) places.push(at);
  }
  return places;
}

/** How many functions a module has, imported ones included. */
function functionCount(module: Uint8Array): number {
  const IMPORTS = 2;
  let count = 0;
  rewrite(module, (id, content) => {
    if (id === FUNCTIONS) count += leb(content, 0).value;
    if (id === IMPORTS) count += importedFunctions(content);
    return content;
  });
  return count;
}

/** A vector with one item more. */
function withItem(vector: Uint8Array, item: Uint8Array): Uint8Array {
  const { value: count, end } = leb(vector, 0);
  return concat([Uint8Array.from(unsigned(count + 1)), vector.subarray(end), item]);
}

/** In four bytes. */
function padded(value: number): number[] {
  return [0, 7, 14, 21].map((shift) => value >>> shift & 0x7f | (shift < 21 ? 0x80 : 0));
}
