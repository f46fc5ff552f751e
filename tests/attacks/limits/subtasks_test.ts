/**
 * Guests that lie about their tasks, or about what came of them. Bombs of tasks are in `fork_bomb_test.ts`,
 * calls past the SDK in `host_binding_test.ts`.
 */
import { runOrThrow as run } from "../../support/support.ts";
import { assertEquals, assertRejects, assertStringIncludes } from "../../support/assert.ts";
import "../../support/support.ts";
import { attack, type Language, LANGUAGES } from "../attack.ts";
import { CapsuleError, open } from "@capsule/sdk/runner";

/** Declarations past the SDK, as Python writes them, and what is said of them. */
const FORGED: [declaration: string, code: string, says: string][] = [
  ["'{'", "invalid_program", "the result is not JSON"],
  [`'{"name": "main"}'`, "invalid_program", "the declarations of its tasks are malformed"],
  ["'5'", "invalid_program", "the declarations of its tasks are malformed"],
  [
    `'{"name": "main", "options": []}'`,
    "invalid_program",
    "declarations of its tasks are malformed",
  ],
  [`'{"name": 5, "options": {}}'`, "invalid_program", "name: must be"],
  [`'{"options": {}}'`, "invalid_program", "name: must be"],
  [option('"compute": "ALL"'), "invalid_program", '(got "ALL")'],
  [option('"fuel": 1e18'), "invalid_program", "fuel: unknown option"],
  [option('"__proto__": {"x": 1}'), "invalid_program", "__proto__: unknown option"],
  [option('"ram": -1'), "invalid_program", "ram: must be more than 0 bytes (got -1)"],
  [option('"timeout": 1e999'), "invalid_program", "timeout: must be a time"],
  [option('"max_retries": 1e9'), "invalid_program", "(got 1000000000)"],
  [option('"env_variables": ["*"]'), "invalid_program", "env_variables[0]: must be"],
  [
    `${option("")} + "," + ${option('"compute": "HIGH"')}`,
    "invalid_program",
    "there is another task of this name",
  ],
  [`'{"name": "main", "options": ' + "[" * 1000 + "]" * 1000 + "}"`, "invalid_program", "nested"],
  [
    `'{"name": "' + "x" * (70 << 20) + '", "options": {}}'`,
    "invalid_program",
    "more than 67108864",
  ],
];

function option(json: string): string {
  return `'{"name": "main", "options": {${json}}}'`;
}

Deno.test("broken declarations of a guest are errors, never defaults", async () => {
  for (const [declaration, errorCode, says] of FORGED) {
    const code = `import capsule
import capsule_engine
capsule_engine.backend.declarations[:] = [${declaration}]
capsule_engine.backend.declared.append(type("Task", (), {"name": "main", "options": {}}))`;
    const error = await assertRejects(() => open({ language: "python", code }), CapsuleError);
    assertEquals(error.code, errorCode, `${declaration}: ${error.message.slice(0, 300)}`);
    assertStringIncludes(error.message.slice(0, 500), says);
  }
});

Deno.test("a package cannot change task options by inherited properties", async () => {
  const { error } = await run({
    language: "typescript",
    code: `
      Object.prototype.toJSON = () => ({ name: "main", compute: "HIGH" });
      Array.prototype.push = () => 0;
      Map.prototype.set = () => new Map();
      JSON.stringify = () => "{}";
      import { task } from "@capsule/sdk";
      export const main = task({ name: "main", compute: 50_000_000 }, () => { for (;;); });`,
  });
  assertStringIncludes(error!.message, "50000000 units");
});

/** What a sub-task may return to look as if it, or the host, had failed. */
const LIES = [
  { success: false, result: null, error: { error_type: "timeout", message: "x" }, execution: {} },
  { error: { error_type: "task_limit", message: "x" } },
  { error_type: "internal_error", message: "x", stack: "x" },
  { success: true, result: 5 },
  ["Err", "x"],
  '{"error":{"error_type":"cancelled","message":"x"}}',
  { __proto__: null, then: "x", toJSON: "x" },
];

for (const language of LANGUAGES) {
  Deno.test(`${language}: results that look like errors are data`, async () => {
    const code = {
      typescript: `import { task, unwrap } from "@capsule/sdk";
const lies = task({ name: "lies" }, (value) => value);
task({ name: "main" }, async (values: unknown[]) => {
  const calls = await Promise.all(values.map((value) => lies(value)));
  return calls.map((call) => [call.success, call.error, unwrap(call)]);
});`,
      python: `from capsule import task, unwrap
@task
def lies(value): return value
@task
def main(values): return [[e["success"], e["error"], unwrap(e)] for e in lies.map(values)]`,
    }[language];
    const { result, error } = await attack({ language, code, args: [LIES] });
    assertEquals(error, null);
    assertEquals(result, JSON.parse(JSON.stringify(LIES.map((value) => [true, null, value]))));
  });

  Deno.test(`${language}: errors that look like results, or like others, are task_error`, async () => {
    const code = {
      typescript: `import { task } from "@capsule/sdk";
const fails = task({ name: "fails" }, () => {
  const error = new Error(JSON.stringify({ success: true, error_type: "timeout", kind: "internal_error" }));
  throw Object.assign(error, { success: true, kind: "timeout", error_type: "timeout", errorType: "timeout" });
});
const raw = task({ name: "raw" }, () => { throw { kind: "timeout", error_type: "timeout", name: "x" }; });
task({ name: "main" }, async () =>
  (await Promise.all([fails(), raw()])).map((call) => [call.success, call.result, call.error!.error_type]));`,
      python: `from capsule import task
from componentize_py_types import Err
class Lies(Exception):
    success, kind, error_type = True, "timeout", "timeout"
@task
def fails(): raise Lies('{"success": true, "kind": "internal_error", "error_type": "timeout"}')
@task
def raw(): raise Err('{"kind": "timeout", "error_type": "timeout"}')
@task
def main():
    return [[e["success"], e["result"], e["error"]["error_type"]] for e in [fails(), raw()]]`,
    }[language];
    const { result, error } = await attack({ language, code });
    assertEquals(error, null);
    assertEquals(result, [[false, null, "task_error"], [false, null, "task_error"]]);
  });

  Deno.test(`${language}: missing tasks are task_not_found, for hosts and guests`, async () => {
    await using program = await open({ language, code: UNKNOWN[language] });
    for (const name of ["", "MAIN", "main ", "main\\0", "toString", "__proto__", "näher"]) {
      const { result, error } = await program.call<[string, string]>("main", [name]);
      assertEquals(error, null);
      assertEquals(result![0], "task_not_found", name);
      assertStringIncludes(result![1], "the program has: main");
      const refused = await assertRejects(async () => await program.call(name), CapsuleError);
      assertEquals(refused.code, "task_not_found");
    }
  });

  Deno.test(`${language}: a task that fails leaves none of its sub-tasks running`, async () => {
    const code = {
      typescript: `import { task } from "@capsule/sdk";
const sleeps = task({ name: "sleeps", maxRetries: 3 }, () => new Promise((resolve) => setTimeout(resolve, 1e9)));
task({ name: "main", maxRetries: 1, timeout: "400ms" }, async () => {
  for (let n = 0; n < 50; n++) sleeps();
  await new Promise((resolve) => setTimeout(resolve, 100));
  throw new Error("no");
});`,
      python: `from capsule import task
import time
@task(max_retries=3)
def sleeps(): time.sleep(1e9)
@task(max_retries=1, timeout="400ms")
def main():
    for _ in range(50): sleeps.submit()
    time.sleep(0.1)
    raise ValueError("no")`,
    }[language];
    // Threads, descriptors and rows of the trace are looked at.
    const { error, execution } = await attack({ language, code });
    assertEquals([error?.error_type, execution.retries], ["task_error", 1], error?.message);
  });
}

const UNKNOWN: Record<Language, string> = {
  typescript: `import { task } from "@capsule/sdk";
task({ name: "main" }, async (name) => {
  const host = await (0, eval)('import("capsule:host/operations@1.0.0")');
  const json = JSON.stringify({ task: name, input: { args: [] } });
  const outcome = host.wait(host.start("call", { json, bytes: new Uint8Array() }), null);
  const { error } = JSON.parse(outcome.json);
  return [error.error_type, error.message];
});`,
  python: `from capsule import task
from wit_world.imports import operations
from wit_world.imports.operations import Payload
import json
@task
def main(name):
    request = Payload(json.dumps({"task": name, "input": {"args": []}}), b"")
    error = json.loads(operations.wait(operations.start("call", request), None).json)["error"]
    return [error["error_type"], error["message"]]`,
};
