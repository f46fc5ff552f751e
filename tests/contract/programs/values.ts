/** What tasks give back, and how it comes out. The twin of values.py. */
import { task } from "@capsule/sdk";

class Point {
  constructor(readonly x: number, readonly y: number) {}
}

const circular: Record<string, unknown> = { name: "loop" };
circular.inner = [circular];

const VALUES: Record<string, () => unknown> = {
  nothing: () => undefined,
  null: () => null,
  nan: () => NaN,
  infinity: () => ({ up: Infinity, down: -Infinity }),
  integers: () => [0, -1, 2 ** 53 - 1, -(2 ** 53) + 1],
  floats: () => [0.1, -0, 1e-7, 1e21, 5e-324, 1.7976931348623157e308],
  big_integer: () => 2n ** 70n,
  big_number: () => 2 ** 70,
  date: () => new Date(Date.UTC(2026, 1, 3, 4, 5, 6, 7)),
  bad_date: () => new Date(NaN),
  bytes: () => new Uint8Array([0, 127, 255]),
  buffer: () => new Uint8Array([1, 2]).buffer,
  node_buffer: () => Buffer.from("hi"),
  map: () => new Map([["a", 1]]),
  set: () => new Set([1, 2]),
  regexp: () => /a/g,
  error: () => new Error("kept inside"),
  instance: () => new Point(1, 2),
  url: () => new URL("https://example.com/a?b=c"),
  boxed: () => [Object("text"), Object(5), Object(false)],
  holes: () => [1, , undefined, 2],
  members: () => ({ kept: 1, gone: undefined, also: () => 1, [Symbol("s")]: 2 }),
  to_json: () => ({ toJSON: () => ({ replaced: true }) }),
  keys: () => ({ b: 1, a: 2, 10: "ten", 2: "two", "": "empty", __proto__x: 3, "é😀": 4 }),
  own_proto: () => JSON.parse('{"__proto__":{"a":1},"constructor":2}'),
  function: () => () => 1,
  symbol: () => Symbol("s"),
  member_big_integer: () => ({ a: [1, { b: 2n }] }),
  circular: () => circular,
  throws: () => ({
    get a(): never {
      throw new TypeError("a getter that throws");
    },
  }),
  emoji: () => "é😀👩‍👩‍👧 \u0000\u001f\u2028",
  surrogates: () => ["\ud800", "a\udc00b", "\ude00\ud83d", { "\ud83d": 1 }],
  envelope: () => ({ success: false, result: null, error: { error_type: "timeout" } }),
};

const names = Object.keys(VALUES);
export const main = task({ name: "main" }, (value: unknown) => value);
export const give = task({ name: "give" }, (name: string) => VALUES[name]!());
export const list = task({ name: "list" }, () => names.length);
export const several = task({ name: "several" }, (...values: unknown[]) => values);
export const length = task({ name: "length" }, (text: string) => text.length);
export const repeat = task({ name: "repeat" }, (text: string, times: number) => text.repeat(times));
export const deep = task({ name: "deep" }, (levels: number) => {
  let value: unknown = 0;
  for (let level = 0; level < levels; level++) value = [value];
  return value;
});
