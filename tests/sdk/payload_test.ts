/** Values with bytes, as hosts and sandboxes tell each other of them. */
import { Buffer } from "node:buffer";
import { bytesOf, dollarsOf } from "../../sdk/bytes.ts";
import { decode, encode } from "../../sdk/payload.ts";
import { writeWithBytes } from "../../sdk/payload_writer.ts";
import { assertEquals, assertThrows } from "../support/assert.ts";

const bytes = (...values: number[]) => Uint8Array.from(values);
const USER_DATA = [
  { $bytes: [0, 3] },
  { $bytes: "AAAA" },
  { $$bytes: { $bytes: 1 } },
  { $bytes: 1, x: 2 },
  { $bytes: { $bytes: [0, 1] } },
  { bytes: 1, $: "$bytes" },
  'a "$bytes" text, {"$bytes":[0,1]}',
];

Deno.test("values with bytes come back equal", () => {
  for (
    const value of [
      bytes(0, 255),
      bytes(),
      [bytes(), bytes()],
      { a: [bytes(1), { b: bytes(2, 2), 7: 1.5 }, null], c: bytes(1) },
      [...USER_DATA, bytes(1, 2, 3)],
      { $bytes: bytes(1, 2, 3) },
      { $$bytes: [{ $bytes: bytes(1) }] },
      JSON.parse('{"__proto__":{"a":1},"b":[1]}'),
    ]
  ) {
    assertEquals(decode(encode(value)), value);
    assertEquals(decode(writeWithBytes([value, bytes(9)])), [value, bytes(9)]);
  }
});

Deno.test("values without bytes are plain JSON, and written as JSON.stringify does", () => {
  const date = new Date(0);
  const shared = { a: 1 };
  for (
    const value of [
      ...[null, true, 1.5, "text", "\ud800", [], {}, USER_DATA, { $bytes: [0, 1] }],
      [undefined, () => 1, Symbol("s"), NaN, -0, Object(1), Object("a"), Object(false)],
      { a: undefined, b: () => 1, $bytes: 1 },
      { date, dates: [date], toJSON: undefined },
      { toJSON: (key: string) => ({ key, $bytes: 1 }) },
      [shared, shared, new Map(), new Uint16Array([1, 2]), new DataView(new ArrayBuffer(1))],
      { 2: 1, 1: 2, "": "é😀\u2028" },
    ]
  ) {
    const json = JSON.stringify(value);
    assertEquals({ ...encode(value), bytes: 0 }, { json, bytes: 0 });
    assertEquals(writeWithBytes(value).json, json);
    assertEquals(encode(value).bytes.length, 0);
  }
});

Deno.test("placeholders take the bytes in their order, and a single one costs no copy", () => {
  const view = bytes(0, 1, 2, 3).subarray(1, 3);
  const { json, bytes: joined } = encode([view, bytes(), Buffer.from("a"), bytes(9).buffer]);
  assertEquals(
    json,
    '[{"$bytes":[0,2]},{"$bytes":[2,0]},{"$bytes":[2,1]},{"$bytes":[3,1]}]',
  );
  assertEquals(joined, bytes(1, 2, 97, 9));
  assertEquals(encode([bytes()]).bytes.length, 1, "that there are placeholders shows");
  const sent = encode({ args: [view] }).bytes;
  assertEquals([sent.buffer === view.buffer, sent], [true, view]);
  const given = bytes(1, 2);
  assertEquals(decode({ json: '{"$bytes":[0,2]}', bytes: given }) === given, true);
});

Deno.test("bytes that change while they are written have the length that was written", () => {
  const buffer = new ArrayBuffer(4, { maxByteLength: 8 });
  const growing = new Uint8Array(buffer);
  const value = [growing, {
    get late() {
      buffer.resize(0);
      return 1;
    },
  }];
  const { json, bytes: joined } = writeWithBytes(value);
  assertEquals([json, joined.length], ['[{"$bytes":[0,4]},{"late":1}]', 4]);
});

Deno.test("only Uint8Array and ArrayBuffer count as bytes", () => {
  const detached = new Uint8Array(4);
  structuredClone(detached.buffer, { transfer: [detached.buffer] });
  assertEquals(bytesOf(detached)?.length, 0);
  const shared = new Uint8Array(new SharedArrayBuffer(2));
  assertEquals(decode(encode(shared)), bytes(0, 0));
  for (
    const value of [
      new Proxy(bytes(1), {}),
      Object.create(Uint8Array.prototype),
      Object.create(ArrayBuffer.prototype),
      new Uint8ClampedArray(1),
      [1, 2],
      "text",
    ]
  ) {
    assertEquals(bytesOf(value), undefined);
  }
});

Deno.test("values without JSON are rejected next to bytes, too", () => {
  const circular: unknown[] = [bytes(1)];
  circular.push(circular);
  assertThrows(() => encode(circular), TypeError);
  assertThrows(() => encode([bytes(1), 1n]), TypeError);
});

Deno.test("dollarsOf() recognizes keys of placeholders", () => {
  const dollars = ["$bytes", "$$bytes", "bytes", "$byte", "$bytess", "a$bytes", "$a$bytes", ""]
    .map(dollarsOf);
  assertEquals(dollars, [1, 2, 0, 0, 0, 0, 0, 0]);
});
