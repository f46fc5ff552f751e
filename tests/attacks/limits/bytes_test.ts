/** Programs that forge bytes, and data that looks like them. */
import { run } from "../../../runner/run.ts";
import { assertEquals, assertStringIncludes } from "../../support/assert.ts";
import { warmEngines } from "../../support/support.ts";
import { attack } from "../attack.ts";

await warmEngines();

const HOST = "const host = await (0, eval)('import(\"capsule:host/operations@1.0.0\")');";
const typescript = (body: string) =>
  `import { task } from "@capsule/sdk";
export const echo = task({ name: "echo" }, (value: unknown) => value);
export const main = task({ name: "main" }, async () => { ${body} });`;
const bytes = (...values: number[]) => Uint8Array.from(values);

/** What comes of each, in JavaScript: a program's own doing, and no harm to what it returns. */
const PROGRAMS: Record<string, [body: string, result: unknown]> = {
  "a toJSON that returns what stands for bytes": [
    "return [{ toJSON: () => ({ $bytes: [0, 1] }) }, new Uint8Array([7])];",
    [{ $bytes: [0, 1] }, bytes(7)],
  ],
  "a toJSON that serializes bytes itself": [
    `const inner = new Uint8Array([1]);
     return [{ toJSON: () => JSON.stringify(inner) }, { $bytes: [0, 1] }];`,
    ['{"0":1}', { $bytes: [0, 1] }],
  ],
  "a toJSON that swallows what is thrown there": [
    `const inner = new Uint8Array([1]);
     const quiet = () => { try { return JSON.stringify(inner); } catch (thrown) { return "seen"; } };
     return [{ toJSON: quiet }, { $bytes: [0, 1] }];`,
    ['{"0":1}', { $bytes: [0, 1] }],
  ],
  "a getter that changes what it returns": [
    `let turn = 0;
     return { get value() { return turn++ % 2 ? { $bytes: [0, 1] } : new Uint8Array([7]); }, x: new Uint8Array([8]) };`,
    { value: { $bytes: [0, 1] }, x: bytes(8) },
  ],
  "a proxy whose keys change": [
    `let turn = 0;
     const keys = () => turn++ % 2 ? ["$bytes", "x"] : ["$bytes"];
     const descriptor = { value: 0, enumerable: true, configurable: true };
     const proxy = new Proxy({}, { ownKeys: keys, getOwnPropertyDescriptor: () => descriptor, get: (_, key) => key === "toJSON" ? undefined : [0, 1] });
     return [proxy, new Uint8Array([7])].length;`,
    2,
  ],
  "a proxy of bytes, and an object with their prototype": [
    "return [new Proxy(new Uint8Array([1]), {}), Object.create(Uint8Array.prototype), new Uint8Array([7])];",
    [{ 0: 1 }, {}, bytes(7)],
  ],
  "members that JSON leaves out": [
    "return [{ $bytes: [0, 1], gone: undefined, also() {} }, new Uint8Array([7])];",
    [{ $bytes: [0, 1] }, bytes(7)],
  ],
  "a getter that calls a task with bytes while a result is written": [
    `return { get inner() { return echo(new Uint8Array([1])).result; }, plain: { $bytes: [0, 1] } };`,
    { inner: bytes(1), plain: { $bytes: [0, 1] } },
  ],
  "prototypes that are replaced": [
    `Uint8Array.prototype.set = Uint8Array.prototype.slice = () => { throw new Error("set"); };
     Uint8Array.prototype.toJSON = () => "polluted";
     Object.defineProperty(Object.prototype, "$bytes", { value: [0, 1], enumerable: false });
     Array.prototype.push = () => { throw new Error("push"); };
     Object.keys = JSON.stringify = JSON.parse = () => { throw new Error("replaced"); };
     const envelope = echo([new Uint8Array([97, 98]), { $$bytes: 1 }]);
     return envelope.result;`,
    [bytes(97, 98), { $$bytes: 1 }],
  ],
  "a subclass whose constructor throws": [
    `class Loud extends Uint8Array { static get [Symbol.species]() { throw new Error("species"); } }
     return [new Loud([1, 2]), new Loud([3]).subarray === undefined];`,
    [bytes(1, 2), false],
  ],
  "bytes that are detached while they are written": [
    `const buffer = new ArrayBuffer(4);
     const view = new Uint8Array(buffer);
     return [view, { get late() { buffer.transfer?.(); return 1; } }, new Uint8Array([9])].map((value) => value);`,
    [bytes(0, 0, 0, 0), { late: 1 }, bytes(9)],
  ],
};

for (const [name, [body, result]] of Object.entries(PROGRAMS)) {
  Deno.test(`javascript: ${name}`, async () => {
    const envelope = await attack({ language: "typescript", code: typescript(body) });
    assertEquals(envelope.error?.message, undefined);
    assertEquals(envelope.result, result);
  });
}

/** Arguments of a call as the guest writes them itself, and bytes: what its host says. */
const CALLS: [json: string, length: number, message: string][] = [
  ['[{"$bytes":[0,4]}]', 3, "malformed"],
  ['[{"$bytes":[0,2]}]', 3, "placeholders for 2"],
  ['[{"$bytes":[1,2]}]', 3, "do not follow the first"],
  ['[{"$bytes":[-1,3]}]', 3, "must be [offset, length]"],
  ['[{"$bytes":[0,3]},{"$bytes":[0,3]}]', 3, "do not follow the first"],
  ['[{"$bytes":[0,4294967295]}]', 3, "do not follow the first"],
  ['[{"$bytes":[0,1e3]}]', 3, "must be [offset, length]"],
  ['[{"$bytes":[0,99999999999999999999999]}]', 3, "must be [offset, length]"],
  ['[{"$bytes":[0,3]},{"$bytes":"AAAA"}]', 3, "must be [offset, length]"],
  ['[{"$bytes":[0,3]},{"\\\\u0024bytes":[0,3]}]', 3, "escapes"],
  ['[{"$bytes":[0,3]},{"$bytes":[3,0],"$bytes":[0,9]}]', 3, "twice"],
];

Deno.test("javascript: calls with forged placeholders are refused", async () => {
  for (const [json, length, message] of CALLS) {
    const code = typescript(`${HOST}
      const json = '{"task":"echo","input":{"args":${json}}}';
      const handle = host.start("call", { json, bytes: new Uint8Array(${length}) });
      return host.wait(handle, null).json;`);
    const envelope = await attack({ language: "typescript", code });
    assertStringIncludes(envelope.result as string, message);
  }
});

Deno.test("python: results with forged placeholders are no results", async () => {
  for (const [json, length, message] of CALLS) {
    const code = `from capsule import task
@task
def main():
  import sys
  sys.modules["capsule_engine.program"].serialize = lambda *_: (${
      JSON.stringify(json.replaceAll("\\\\", "\\"))
    }, bytes(${length}))
`;
    const envelope = await attack({ language: "python", code });
    assertEquals(envelope.error?.error_type, "invalid_result", json);
    assertStringIncludes(envelope.error!.message, message);
  }
});

Deno.test("python: bytes that nobody returns, or takes twice, are nothing", async () => {
  const code = `from capsule import task
@task
def main(value):
  from wit_world.imports import operations
  operations.result_bytes(bytes(5))
  operations.result_bytes(b"")
  return [value, len(operations.argument_bytes())]
`;
  const { result } = await attack({ language: "python", code, args: [bytes(1)] });
  assertEquals(result, [bytes(1), 0]);
});

Deno.test("bytes of a result count as memory of the run while the guest runs on", async () => {
  const code = `from capsule import task
@task(compute="HIGH")
def main():
  from wit_world.imports import operations
  operations.result_bytes(bytes(60 << 20))
  return 1
`;
  const { error } = await run({ language: "python", code, budget: { ram: "150MB" } });
  assertEquals(error?.error_type, "memory_limit");
});

Deno.test("data that looks like bytes is escaped once, whatever it goes through", async () => {
  const code = `from capsule import task
@task(max_retries=1)
def inner(value): return [value, {"$bytes": "AAAA"}]
@task
def main(value): return inner(value)["result"]
`;
  const given = [{ $bytes: [0, 2] }, { $$bytes: 1 }, { $bytes: bytes(1, 2) }];
  for (const isolation of ["sandbox", "process"] as const) {
    const { result } = await run({ language: "python", code, isolation, args: [given] });
    assertEquals(result, [given, { $bytes: "AAAA" }]);
  }
});
