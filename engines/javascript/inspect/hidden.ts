/** The internal state of promises, proxies and iterators. */

// Kept before a program can replace them.
const call = Function.prototype.call;
const toWellFormed = call.bind(String.prototype.toWellFormed) as (text: string) => string;
const toText = String;

/** Of an object with the class of the sample, what QuickJS keeps at a place: `runtime/peek.ts` puts this there. */
const peek = call.bind(String.prototype.isWellFormed) as unknown as (
  _: string,
  value: object,
  sample: object,
  place: number,
) => unknown;

// What programs have in place of it.
Object.defineProperty(String.prototype, "isWellFormed", {
  value: {
    isWellFormed(this: unknown): boolean {
      if (this === undefined || this === null) throw new TypeError("not a string");
      const text = toText(this);
      return toWellFormed(text) === text;
    },
  }.isWellFormed,
  writable: true,
  configurable: true,
});

const promise = Promise.resolve();
const proxy = new Proxy({}, {});
const iterators = [new Map().keys(), new Set().keys()];
const entriesOf = [call.bind(Map.prototype.entries), call.bind(Set.prototype.entries)] as (
  (collection: object) => Iterator<[unknown, unknown]>
)[];
const nextOf = iterators.map(({ next }) => call.bind(next)) as (
  (iterator: object) => IteratorResult<[unknown, unknown]>
)[];

/** Of what QuickJS keeps for each. A number is at -1 less its place. */
const STATE = -1;
const RESULT = 24;
const TARGET = 0;
const HANDLER = 8;
const FLAGS = -17;
const REVOKED = 0xff00;
const COLLECTION = 0;
const WHICH = -9;
const BEGUN = -13;

export const PENDING = 0;
export const REJECTED = 2;

/** Whether a promise is settled, and with what. Undefined for another object. */
export function promiseDetails(value: object): [state: number, result: unknown] | undefined {
  const state = peek("", value, promise, STATE) as number | undefined;
  if (state === undefined) return undefined;
  return [state, state === PENDING ? undefined : peek("", value, promise, RESULT)];
}

/** What a proxy stands for, and its handler: null for one that was revoked. Undefined for another object. */
export function proxyDetails(
  value: object,
): [target: object, handler: object] | [null, null] | undefined {
  const target = peek("", value, proxy, TARGET) as object | undefined;
  if (target === undefined) return undefined;
  const flags = peek("", value, proxy, FLAGS) as number;
  if (flags & REVOKED) return [null, null];
  return [target, peek("", value, proxy, HANDLER) as object];
}

/** Of an iterator of maps or of sets. */
export type IteratorOf = 0 | 1;
export const MAP: IteratorOf = 0;
export const SET: IteratorOf = 1;

/** Which of what an iterator gives: of a map or a set, as long as it has given nothing. */
enum Which {
  keys,
  values,
  entries,
}

/** Whether what an iterator of a map or a set will give can be told. */
export function canPreview(iterator: object, of: IteratorOf): boolean {
  return peek("", iterator, iterators[of]!, BEGUN) === 0 &&
    typeof peek("", iterator, iterators[of]!, COLLECTION) === "object";
}

/** What it will give, and whether these are keys and values by turns. */
export function preview(iterator: object): [values: unknown[], isKeyValue: boolean] {
  const of = canPreview(iterator, MAP) ? MAP : SET;
  if (!canPreview(iterator, of)) return [[], false];
  const which = peek("", iterator, iterators[of]!, WHICH) as Which;
  const entries = entriesOf[of]!(peek("", iterator, iterators[of]!, COLLECTION) as object);
  const values: unknown[] = [];
  for (let at = nextOf[of]!(entries); !at.done; at = nextOf[of]!(entries)) {
    const { 0: key, 1: value } = at.value;
    if (which !== Which.values) values[values.length] = key;
    if (which !== Which.keys) values[values.length] = value;
  }
  return [values, which === Which.entries];
}
