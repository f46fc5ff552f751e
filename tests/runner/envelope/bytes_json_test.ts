/** Bytes in JSON that stands alone. */
import { CapsuleError } from "../../../errors/error.ts";
import { jsonOf, withBytes } from "../../../runner/envelope/bytes_json.ts";
import { mayHaveBytesKey } from "../../../sdk/bytes.ts";
import { encode } from "../../../sdk/payload.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";

const none = new Uint8Array(0);

Deno.test("jsonOf() writes bytes as base64, and leaves all else as it is written", () => {
  const json = '{"a": {"$bytes": [0, 2]}, "b":[1.0,{"$bytes":[2,0]},"{\\"$bytes\\":[0,1]}"]}';
  assertEquals(
    jsonOf({ json, bytes: Uint8Array.of(0, 255) }),
    '{"a": {"$bytes":"AP8="}, "b":[1.0,{"$bytes":""},"{\\"$bytes\\":[0,1]}"]}',
  );
});

Deno.test("jsonOf() escapes data that looks like bytes, once, where no bytes are", () => {
  const cases = {
    '{"$bytes":[0,1]}': '{"$$bytes":[0,1]}',
    '[1.0, {"$$bytes" : {"$bytes": 1e400}}]': '[1.0, {"$$$bytes" : {"$$bytes": 1e400}}]',
    '{"$bytes":1,"x":{"$bytes":{}}}': '{"$bytes":1,"x":{"$$bytes":{}}}',
    '{"x":1,"$bytes":1}': '{"x":1,"$bytes":1}',
    '{"$bytes":1,"$bytes":2}': '{"$$bytes":1,"$$bytes":2}',
    '{"\\u0024bytes":1}': '{"$\\u0024bytes":1}',
    '["$bytes","a\\\\",{"\\"$bytes":1}]': '["$bytes","a\\\\",{"\\"$bytes":1}]',
    '{"a":"{\\"$bytes\\":1}"}': '{"a":"{\\"$bytes\\":1}"}',
  };
  for (const [json, expected] of Object.entries(cases)) {
    assertEquals(jsonOf({ json, bytes: none }), expected);
    if (!json.includes("e400")) {
      assertEquals(withBytes(JSON.parse(expected), "value"), JSON.parse(json));
    }
  }
});

Deno.test("withBytes() is the reverse of jsonOf()", () => {
  const large = crypto.getRandomValues(new Uint8Array(50_000));
  for (
    const value of [
      Uint8Array.of(1),
      none,
      { a: [large, { $bytes: { $$bytes: large } }], b: null },
      { $bytes: [0, 1] },
      [1, "text", { __proto__: null, bytes: 1 }],
    ]
  ) {
    const json = jsonOf(encode(value));
    assertEquals(mayHaveBytesKey(json) || !json.includes("$"), true);
    assertEquals(JSON.stringify(withBytes(JSON.parse(json), "value")), JSON.stringify(value));
  }
});

Deno.test("withBytes() names the place of bytes that are malformed", () => {
  const cases: [unknown, string][] = [
    [{ $bytes: 5 }, 'args: "$bytes" must be a string of base64 (got number)'],
    [[1, { a: { $bytes: null } }], 'args[1].a: "$bytes" must be a string of base64 (got object)'],
    [[{ $bytes: "AAA" }], 'args[0]: "$bytes" is not base64 with padding'],
    [[{ $bytes: "A===" }], 'args[0]: "$bytes" is not base64 with padding'],
    [[{ $bytes: "AA-_" }], 'args[0]: "$bytes" is not base64 with padding'],
    [[{ $bytes: "AAAA\n" }], 'args[0]: "$bytes" is not base64 with padding'],
    [[{ $$bytes: { $bytes: [0, 1] } }], "args[0].$$bytes:"],
  ];
  for (const [value, message] of cases) {
    const error = assertThrows(() => withBytes(value, "args"), CapsuleError);
    assertEquals([error.code, error.message.slice(0, message.length)], [
      "invalid_argument",
      message,
    ]);
  }
});

Deno.test("withBytes() rejects JSON that is nested too deeply", () => {
  let value: unknown = { $bytes: "AA==" };
  for (let depth = 0; depth < 100_000; depth++) value = [value];
  const error = assertThrows(() => withBytes(value, "args"), CapsuleError);
  assertEquals([error.code, error.message], ["invalid_argument", "args: is nested too deeply"]);
});
