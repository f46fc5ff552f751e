/** Failures that nobody looks at: told on standard error, without any effect on the result. */
import { runOrThrow as run } from "../../support/support.ts";
import { assertEquals, assertMatch, assertTrue } from "../../support/assert.ts";
import "../../support/support.ts";
import { LANGUAGES } from "../attack.ts";
import { open, type RunEvent } from "@capsule/sdk/runner";

interface Told {
  result: unknown;
  stderr: string;
}

async function told(language: "typescript" | "python", code: string): Promise<Told> {
  let stderr = "";
  const onEvent = (event: RunEvent) => {
    if (event.type === "output" && event.stream === "stderr") {
      stderr += new TextDecoder().decode(event.data);
    }
  };
  const { result, error } = await run({ language, code, onEvent });
  return { result: error ? error.message : result, stderr };
}

const typescript = (body: string, top = "") =>
  `import { task } from "@capsule/sdk";
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const boom = task({ name: "boom" }, async () => { throw new Error("lost"); });
${top}
task({ name: "main" }, async () => {
${body}
return "done"; });`;
const python = (body: string, top = "") =>
  `import asyncio
from capsule import task
@task
def boom(): raise ValueError("lost")
${top}
@task
def main():
${body.split("\n").map((line) => `    ${line}`).join("\n")}
    return "done"`;

const SUB_TASK =
  /^Uncaught \(in sub-task boom\) task_error: Error: lost\n {4}at .*code\.ts:3:\d+\)?\n$/;
const PYTHON_SUB_TASK =
  /^Uncaught \(in sub-task boom\) task_error: ValueError: lost\nTraceback.*\n {2}File "code\.py", line 4, in boom\n[^]*ValueError: lost\n$/;

const TOLD: Record<string, [language: "typescript" | "python", code: string, RegExp]> = {
  "an async function that nobody awaits": [
    "typescript",
    typescript(`(async () => { throw new Error("nobody caught"); })();\nawait pause(20);`),
    /^Uncaught \(in promise\) Error: nobody caught\n {4}at .*code\.ts:6:\d+/,
  ],
  "one that is rejected at the very end": [
    "typescript",
    typescript(`Promise.reject(new TypeError("late"));`),
    /^Uncaught \(in promise\) TypeError: late\n/,
  ],
  "one that is rejected much later": [
    "typescript",
    typescript(`pause(5).then(() => { throw new Error("later"); });\nawait pause(50);`),
    /^Uncaught \(in promise\) Error: later\n/,
  ],
  "an async callback of a timer": [
    "typescript",
    typescript(`setTimeout(async () => { throw new Error("in a timer"); }, 1);\nawait pause(30);`),
    /^Uncaught \(in promise\) Error: in a timer\n {4}at /,
  ],
  "a callback of a timer": [
    "typescript",
    typescript(`setTimeout(() => { throw new Error("in a timer"); }, 1);\nawait pause(30);`),
    /^Uncaught Error: in a timer\n {4}at /,
  ],
  "a promise of a package's own class": [
    "typescript",
    typescript(`class Own extends Promise {}\nOwn.reject(new Error("own"));`),
    /^Uncaught \(in promise\) Error: own\n/,
  ],
  "what is thrown again by a handler": [
    "typescript",
    typescript(`Promise.reject(1).catch((e) => { throw new Error("again " + e); });`),
    /^Uncaught \(in promise\) Error: again 1\n/,
  ],
  "a rejection with what is no error": [
    "typescript",
    typescript(`Promise.reject({ a: 1 });\nPromise.reject();`),
    /^Uncaught \(in promise\) {"a":1}\nUncaught \(in promise\) undefined\n$/,
  ],
  "a rejection although the program replaced what it could": [
    "typescript",
    typescript(
      `console.error = Promise.prototype.catch = () => {};\nPromise.reject(new Error("still"));`,
    ),
    /^Uncaught \(in promise\) Error: still\n/,
  ],
  "a rejection of top-level code": [
    "typescript",
    typescript("", `Promise.reject(new Error("on top"));`),
    /^Uncaught \(in promise\) Error: on top\n {4}at .*code\.ts:4:/,
  ],
  "a sub-task that nobody awaits": ["typescript", typescript("boom();"), SUB_TASK],
  "one that ended long ago": ["typescript", typescript("boom();\nawait pause(100);"), SUB_TASK],
  "Python: a call as a statement": ["python", python("boom()"), PYTHON_SUB_TASK],
  "Python: a call over lines, in an async function": [
    "python",
    python("async def go():\n    boom(\n    )\nasyncio.run(go())"),
    PYTHON_SUB_TASK,
  ],
  "Python: a future that nobody asks": ["python", python("boom.submit()"), PYTHON_SUB_TASK],
  "Python: a task of asyncio": [
    "python",
    python(
      `async def bad(): raise ValueError("in a task")\nasync def go():\n    asyncio.create_task(bad())\n    await asyncio.sleep(0.01)\nasyncio.run(go())`,
    ),
    /^Task exception was never retrieved\n[^]*ValueError: in a task\n$/,
  ],
};

const QUIET: Record<string, [language: "typescript" | "python", code: string]> = {
  "a rejection that is handled in the same turn": [
    "typescript",
    typescript(
      `const p = Promise.reject(new Error("x"));\nfor (let n = 0; n < 20; n++) await null;\np.catch(() => {});`,
    ),
  ],
  "an async function that is awaited": [
    "typescript",
    typescript(
      `const p = (async () => { throw new Error("x"); })();\ntry { await p; } catch { /* as it should */ }`,
    ),
  ],
  "promises that are waited for together": [
    "typescript",
    typescript(
      `const bad = async () => { await null; throw new Error("x"); };\nawait Promise.allSettled([bad(), bad()]);\nawait Promise.any([bad(), 1]);\nawait Promise.race([bad(), bad()]).catch(() => {});`,
    ),
  ],
  "an iteration that fails": [
    "typescript",
    typescript(
      `async function* bad() { yield 1; throw new Error("x"); }\ntry { for await (const _ of bad()); } catch { /* as it should */ }\ntry { await new ReadableStream({ pull() { throw new Error("x"); } }).getReader().read(); } catch { /* as it should */ }`,
    ),
  ],
  "a request that is refused": [
    "typescript",
    typescript(
      `await fetch("http://example.com").catch(() => {});\nconst stop = AbortSignal.abort();\nawait fetch("http://example.com", { signal: stop }).catch(() => {});`,
    ),
  ],
  "an import that fails, and is caught": [
    "typescript",
    typescript(`try { await import("node:inspector"); } catch { /* as it should */ }`),
  ],
  "envelopes that are looked at": [
    "typescript",
    typescript(
      `boom().error;\nawait boom();\nconst call = boom();\nJSON.stringify(call);\nawait Promise.all([boom(), boom()]);\nboom().then(() => {});\nawait pause(50);`,
    ),
  ],
  "a sub-task that succeeds": [
    "typescript",
    typescript("fine();", `const fine = task({ name: "fine" }, () => "lost");`),
  ],
  "Python: envelopes that are looked at": [
    "python",
    python(
      `call = boom()\nboom()["success"]\nprint(boom()["error"]["message"])\nboom.submit().result()\nkept = []\nkept.append(boom())\nkept.extend(map(boom.__call__, []))\nkept.extend(fail() for fail in [boom])\nboom.map([])`,
    ),
  ],
  "Python: a future that is cancelled": ["python", python("boom.submit().cancel()")],
};

Deno.test("unhandled failures are reported with their stack, and do not change the result", async () => {
  for (const [name, [language, code, says]] of Object.entries(TOLD)) {
    const { result, stderr } = await told(language, code);
    assertEquals(result, "done", name);
    assertTrue(says.test(stderr), `${name}: ${stderr}`);
  }
});

Deno.test("handled failures are not reported", async () => {
  for (const [name, [language, code]] of Object.entries(QUIET)) {
    assertEquals(await told(language, code), { result: "done", stderr: "" }, name);
  }
});

Deno.test("of very many failures, the first are reported", async () => {
  const { stderr } = await told(
    "typescript",
    typescript(`for (let n = 0; n < 500; n++) Promise.reject(new Error("n" + n));
      for (let n = 0; n < 50; n++) boom();`),
  );
  assertEquals(stderr.match(/^Uncaught \(in promise\)/gm)?.length, 20);
  assertEquals(stderr.match(/^Uncaught \(in sub-task/gm)?.length, 20);
  assertMatch(stderr, /… and 30 more sub-tasks failed\n$/);
});

Deno.test("sub-tasks that end with their caller are not reported", async () => {
  for (const language of LANGUAGES) {
    const code = language === "typescript"
      ? typescript(
        `slow(); throw new Error("main");`,
        `const slow = task({ name: "slow" }, () => pause(60_000));`,
      )
      : python(
        `slow.submit()\nraise ValueError("main")`,
        `import time\n@task\ndef slow(): time.sleep(60)`,
      );
    assertEquals((await told(language, code)).stderr, "");
  }
});

Deno.test("each call of a program reports its own failures", async () => {
  let stderr = "";
  const onEvent = (event: RunEvent) => {
    if (event.type === "output") stderr += new TextDecoder().decode(event.data);
  };
  const code = `import { task } from "@capsule/sdk";
    task({ name: "main" }, async (n) => void Promise.reject(new Error("call " + n)));`;
  await using program = await open({ language: "typescript", code });
  // Each once: a report that begins by itself and the one at a call's end met in about one call of a hundred.
  const calls = Array.from({ length: 300 }, (_, n) => n);
  for (const n of calls) await program.call("main", [n], { onEvent });
  assertEquals(stderr.match(/Error: call \d+/g), calls.map((n) => `Error: call ${n}`));
});
