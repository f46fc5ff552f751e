/**
 * Lets the engine see what is in promises and proxies, which the language hides and `util.inspect` shows. The function
 * of C behind `String.prototype.isWellFormed` becomes another one: given an object, another of the same class and a
 * place, it returns the value at that place of what QuickJS keeps for the object. `inspect/hidden.ts` takes it before
 * a program runs, and gives programs an `isWellFormed` of its own.
 */
import { concat, importedFunctions, leb, rewrite, signed, sized, unsigned } from "./wasm.ts";

const CORE_MODULE = 1;
const IMPORTS = 2;
const COMPONENT = 4;
const GLOBALS = 6;
const EXPORTS = 7;
const ELEMENTS = 9;
const CODE = 10;
const DATA = 11;

const NAME = "isWellFormed";
/** What the module that holds the memory calls the place in the table from which on the runtime's functions are. */
const TABLE_BASE = "componentize_qjs_runtime.wasm:table_base";
/** Of a `JSCFunctionListEntry`: how a function is called, and its number in the table. */
const ENTRY = { length: 16, kind: 5, number: 12 };
/** Of a `JSObject`: its class, and what its class keeps. */
const OBJECT = { class: 10, kept: 24 };
/** The tag from which on values are counted, and how far before what they point to the count is. */
const FIRST_COUNTED = -9n;
const USERS = 4;

/** An engine with the function replaced. */
export function withPeek(engine: Uint8Array): Uint8Array {
  let memory: Uint8Array | undefined;
  let base: number | undefined;
  eachModule(engine, (module) => {
    base ??= globalOf(module, TABLE_BASE);
    if (base !== undefined) memory ??= memoryOf(module);
    return module;
  });
  if (memory === undefined || base === undefined) throw unknown("memory");
  const number = numberOf(memory) - base;
  let replaced = 0;
  const result = eachModule(engine, (module) => {
    const functions = filledFromBase(module);
    if (functions === undefined) return module;
    replaced++;
    const index = functions[number]! - importsOf(module);
    return rewrite(
      module,
      (id, content) => id === CODE ? withBody(content, index, peekBody()) : content,
    );
  });
  if (replaced !== 1) throw unknown("table");
  return result;
}

function unknown(what: string): Error {
  return new Error(
    `The ${what} of componentize-qjs is another one than runtime/peek.ts knows: look for ${NAME} in its data`,
  );
}

/** The number in the table of the function that QuickJS has for the name. */
function numberOf(memory: Uint8Array): number {
  const view = new DataView(memory.buffer);
  const names = new Set<number>();
  const text = [0, ...new TextEncoder().encode(NAME), 0];
  for (let at = memory.indexOf(0); at >= 0; at = memory.indexOf(0, at + 1)) {
    if (memory[at + 1] !== text[1]) continue;
    if (text.every((byte, offset) => memory[at + offset] === byte)) names.add(at + 1);
  }
  const numbers: number[] = [];
  for (let at = 0; at + ENTRY.length <= memory.length; at += 4) {
    if (!names.has(view.getUint32(at, true)) || memory[at + ENTRY.kind] !== 0) continue;
    numbers.push(view.getUint32(at + ENTRY.number, true));
  }
  if (numbers.length !== 1) throw unknown("list of functions");
  return numbers[0]!;
}

/** `(ctx: i32, this: i64, argc: i32, argv: i32): i64`. Values are NaN-boxed: see `runtime/tracker.ts`. */
function peekBody(): Uint8Array {
  const [argc, argv, object, place] = [2, 3, 4, 5];
  const value = 6;
  const get = (local: number) => [0x20, local];
  const set = (local: number) => [0x21, local];
  const argument = (at: number) => [...get(argv!), 0x29, 0x03, 8 * at];
  const tag = [0x42, 32, 0x88];
  const constant = (of: bigint) => [0x42, ...signed(of)];
  const isObject = (at: number) => [...argument(at), ...tag, ...constant(0xffffffffn), 0x51];
  const classOf = (at: number) => [...argument(at), 0xa7, 0x2f, 0x01, OBJECT.class];
  const undefinedUnless = (...condition: number[]) => [
    ...condition,
    ...[0x45, 0x04, 0x40, ...constant(3n << 32n), 0x0f, 0x0b],
  ];
  return Uint8Array.from([
    ...[2, 2, 0x7f, 1, 0x7e],
    ...undefinedUnless(...get(argc!), 0x41, 3, 0x46),
    ...undefinedUnless(...isObject(0), ...isObject(1), 0x71),
    ...undefinedUnless(...classOf(0), ...classOf(1), 0x46),
    ...[...argument(0), 0xa7, 0x28, 0x02, OBJECT.kept, ...set(object!)],
    ...[...argument(2), 0xa7, ...set(place!)],
    // A negative place is that of a number: -1 for the beginning.
    ...[...get(place!), 0x41, 0, 0x48, 0x04, 0x40],
    ...[...get(object!), 0x41, 0x7f, ...get(place!), 0x6b, 0x6a, 0x28, 0x02, 0, 0xad, 0x0f, 0x0b],
    ...[...get(object!), ...get(place!), 0x6a, 0x29, 0x03, 0, ...set(value)],
    // What is counted gets one user more.
    ...[...get(value), ...constant(FIRST_COUNTED << 32n), 0x5a, 0x04, 0x40],
    ...[...get(value), 0xa7, 0x41, USERS, 0x6b, ...set(object!)],
    ...[...get(object!), ...get(object!), 0x28, 0x02, 0, 0x41, 1, 0x6a, 0x36, 0x02, 0, 0x0b],
    ...[...get(value), 0x0b],
  ]);
}

function withBody(code: Uint8Array, index: number, body: Uint8Array): Uint8Array {
  let { value: count, end: at } = leb(code, 0);
  const bodies: Uint8Array[] = [];
  for (; count > 0; count--) {
    const { value: length, end } = leb(code, at);
    bodies.push(code.subarray(at, end + length));
    at = end + length;
  }
  bodies[index] = sized(body);
  return concat([Uint8Array.from(unsigned(bodies.length)), ...bodies]);
}

/** An engine with each of its modules replaced. */
function eachModule(
  component: Uint8Array,
  replace: (module: Uint8Array) => Uint8Array,
): Uint8Array {
  return rewrite(component, (id, content) => {
    if (id === CORE_MODULE) return replace(content);
    return id === COMPONENT ? eachModule(content, replace) : content;
  });
}

/** A section of a module. */
function sectionOf(module: Uint8Array, wanted: number): Uint8Array | undefined {
  let found: Uint8Array | undefined;
  rewrite(module, (id, content) => {
    if (id === wanted) found = content;
    return content;
  });
  return found;
}

function importsOf(module: Uint8Array): number {
  const imports = sectionOf(module, IMPORTS);
  return imports ? importedFunctions(imports) : 0;
}

/** What fills the table from a place that the module is told. Nothing for one that has no such functions. */
function filledFromBase(module: Uint8Array): number[] | undefined {
  const content = sectionOf(module, ELEMENTS);
  // One part: `global.get`, `end`, and the functions. That of wit-dylib has a dozen.
  if (content?.[0] !== 1 || content[1] !== 0 || content[2] !== 0x23) return undefined;
  let { value: left, end } = leb(content, leb(content, 3).end + 1);
  const functions: number[] = [];
  for (; left > 0; left--) {
    const number = leb(content, end);
    functions.push(number.value);
    end = number.end;
  }
  return functions.length > 100 ? functions : undefined;
}

/** All that the data of a module puts into memory. */
function memoryOf(module: Uint8Array): Uint8Array | undefined {
  const content = sectionOf(module, DATA);
  if (content === undefined) return undefined;
  let { value: count, end: at } = leb(content, 0);
  const parts: { start: number; bytes: Uint8Array }[] = [];
  for (; count > 0; count--) {
    if (content[at] !== 0) throw unknown("data");
    const start = constantAt(content, at + 1);
    const { value: length, end } = leb(content, start.end);
    at = end + length;
    parts.push({ start: start.value, bytes: content.subarray(end, at) });
  }
  const length = parts.reduce((most, { start, bytes }) => Math.max(most, start + bytes.length), 0);
  const memory = new Uint8Array(length);
  for (const { start, bytes } of parts) memory.set(bytes, start);
  return memory;
}

/** The value of a constant that a module exports. */
function globalOf(module: Uint8Array, name: string): number | undefined {
  const content = sectionOf(module, EXPORTS);
  if (content === undefined) return undefined;
  let { value: count, end: at } = leb(content, 0);
  for (; count > 0; count--) {
    const { value: length, end } = leb(content, at);
    const index = leb(content, end + length + 1);
    at = index.end;
    const found = new TextDecoder().decode(content.subarray(end, end + length));
    if (found === name) return constants(sectionOf(module, GLOBALS)!)[index.value];
  }
  return undefined;
}

function constants(globals: Uint8Array): number[] {
  let { value: count, end: at } = leb(globals, 0);
  const values: number[] = [];
  for (; count > 0; count--) {
    // Its type, and whether it changes.
    const { value, end } = constantAt(globals, at + 2);
    values.push(value);
    at = end;
  }
  return values;
}

/** Of `i32.const`, `end`: the value is a place. */
function constantAt(content: Uint8Array, at: number): { value: number; end: number } {
  if (content[at] !== 0x41) throw unknown("data");
  const { value, end } = leb(content, at + 1);
  return { value, end: end + 1 };
}
