/** A guest that calls its host past the SDK: what it makes up is an error, and nothing more. */
import { assertEquals, assertMatch, assertTrue } from "../../support/assert.ts";
import "../../support/support.ts";
import { open } from "@capsule/sdk/runner";

const PYTHON = `
import json
from capsule import task
from wit_world.imports import operations
from wit_world.imports.operations import Payload

def outcome(operation, request, extra=b""):
    handle = operations.start(operation, Payload(request, extra))
    return json.loads(operations.wait(handle, None).json)

@task(compute="LOW", timeout="300ms", ram="256MB", env_variables=[])
def child(x):
    import os
    return [x, sorted(os.environ)]

@task(compute=50_000_000)
def spins():
    while True: pass

@task
def made_up(request):
    return outcome("call", request)

@task
def broken(operation, request):
    try:
        return outcome(operation, request)
    except BaseException as error:
        return {"error": str(error)}

@task
def waits(handle):
    operations.cancel(int(handle))
    return str(operations.wait(int(handle), None))

@task
def hoards():
    for _ in range(20_000): operations.start("sleep", Payload("60000", b""))

@task
def huge():
    return outcome("call", "x" * (130 << 20))

@task
def writes():
    operations.write(77, b"x")

@task
def asks_for_randomness():
    operations.random(2**32 - 1)

@task
def main(): return 1
`;

const JAVASCRIPT = `
import { task } from "@capsule/sdk";
const binding = () => (0, eval)('import("capsule:host/operations@1.0.0")');
async function outcome(operation, json) {
  const host = await binding();
  return JSON.parse(host.wait(host.start(operation, { json, bytes: new Uint8Array() }), null).json);
}
const child = task({ name: "child", compute: "LOW", timeout: "300ms" }, (x) =>
  [x, Object.keys(process.env)]);
const spins = task({ name: "spins", compute: 50_000_000 }, () => { while (true); });
task({ name: "made_up" }, (request) => outcome("call", request));
task({ name: "broken" }, async (operation, request) => {
  try { return await outcome(operation, request); } catch (error) { return { error: String(error) }; }
});
task({ name: "main" }, () => 1);
`;

/** Calls as nobody but a hostile guest makes them, and what comes of it. */
const MADE_UP: [request: unknown, success: boolean, errorType?: string][] = [
  // Nothing but task and input is looked at.
  [{ task: "child", input: { args: [1] }, policy: { fuel: 1e18, env: { HOME: "x" } } }, true],
  [{ task: "child", input: { args: [1] }, env: { A: "B" }, context: '{"env":{"A":"B"}}' }, true],
  [{ task: "spins", input: { args: [] }, fuel: 1e15, compute: "HIGH" }, false, "fuel_exhausted"],
  [{ task: "__proto__", input: { args: [] } }, false, "task_not_found"],
  [{ task: "constructor", input: { args: [] } }, false, "task_not_found"],
  [{ task: "CHILD", input: { args: [] } }, false, "task_not_found"],
  [{ task: "child\0", input: { args: [] } }, false, "task_not_found"],
  [{ task: "x".repeat(1 << 20), input: { args: [] } }, false, "task_not_found"],
  [{ task: "child", input: 5 }, false, "task_error"],
  [{ task: "child", input: { args: 5 } }, false, "task_error"],
];

/** What is no call, or no operation, at all. */
const BROKEN: [operation: string, request: string][] = [
  ["call", "{"],
  ["call", "null"],
  ["call", '{"task": "child"}'],
  ["call", '{"task": 5, "input": {}}'],
  ["call", "[".repeat(100_000)],
  ["call", '{"task": "child", "input": {"args": [1e999999]}, "task": "main"}'],
  ["sleep", '"long"'],
  ["sleep", "1e400"],
  ["grant", '{"policies": {}}'],
  ["submit", "{}"],
  ["", ""],
  ["explain", "5"],
];

for (const [language, code] of [["python", PYTHON], ["javascript", JAVASCRIPT]] as const) {
  Deno.test(`${language}: a call with invented policies has the declared ones`, async () => {
    await using program = await open({ code, language, policy: "declared" });
    for (const [request, success, errorType] of MADE_UP) {
      const outcome = await program.call<Record<string, unknown>>("made_up", [
        JSON.stringify(request),
      ]);
      assertEquals(outcome.error, null, outcome.error?.message);
      const envelope = outcome.result as unknown as {
        success: boolean;
        result: unknown;
        error: { error_type: string } | null;
        execution: { task_name: string };
      };
      const shown = JSON.stringify(envelope).slice(0, 300);
      assertEquals([envelope.success, envelope.error?.error_type], [success, errorType], shown);
      if (success) assertEquals(envelope.result, [1, []]);
    }
    assertEquals((await program.call("main")).result, 1);
  });

  Deno.test(`${language}: broken requests are errors`, async () => {
    await using program = await open({ code, language });
    for (const [operation, request] of BROKEN) {
      const { result, error } = await program.call<{ error: unknown }>("broken", [
        operation,
        request,
      ]);
      assertEquals(error, null, `${operation} ${request.slice(0, 50)}: ${error?.message}`);
      assertTrue(result!.error !== undefined, `${operation} ${JSON.stringify(result)}`);
    }
    assertEquals((await program.call("main")).result, 1);
  });
}

Deno.test("invented handles are errors, and the number of handles is limited", async () => {
  await using program = await open({ code: PYTHON, language: "python" });
  for (const handle of [0n, 1n, 7n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 64n, -1n]) {
    const { error } = await program.call("waits", [String(handle)]);
    assertEquals(error?.error_type, "task_error", `${handle}`);
    assertMatch(error!.message, /there is no operation|crashed the language engine/);
  }
  for (
    const [task, errorType, message] of [
      ["hoards", "resource_limit", /10000 operations open/],
      ["huge", "resource_limit", /more than 134217728 bytes to the host/],
      ["writes", "resource_limit", /unknown output 77/],
      ["asks_for_randomness", "task_error", /at most 65536 random bytes/],
    ] as const
  ) {
    const { error } = await program.call(task);
    assertEquals(error?.error_type, errorType, error?.message);
    assertMatch(error!.message, message);
  }
  assertEquals((await program.call("main")).result, 1);
});
