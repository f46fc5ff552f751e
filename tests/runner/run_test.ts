import {
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { CACHE, project, ROOT, runOrThrow as run } from "../support/support.ts";
import { CapsuleError, open, type RunEvent, type RunOptions } from "@capsule/sdk/runner";

const SDK = `import { task, unwrap } from "@capsule/sdk";\n`;
const PY = `from capsule import task, unwrap\n`;

/** Runs text, as an agent's host does. */
function runCode(language: "typescript" | "python", code: string, args: unknown[] = []) {
  return run({ code: (language === "python" ? PY : SDK) + code, language, args });
}

/** A task `main` with options, in both languages. */
function both(options: Record<string, unknown>, typescript: string, python: string) {
  const json = JSON.stringify({ name: "main", ...options });
  const keywords = Object.entries(options).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  return [
    ["typescript", `export const main = task(${json}, ${typescript});`],
    ["python", `@task(${keywords.join(", ")})\n${python}`],
  ] as const;
}

Deno.test("a call gives an envelope with real figures", async () => {
  for (
    const [language, code] of both({}, "(a: number, b) => a + b", "def main(a, b): return a + b")
  ) {
    const { execution, ...rest } = await runCode(language, code, [2, 3]);
    assertEquals(rest, { success: true, result: 5, error: null });
    assertEquals([execution.task_name, execution.retries], ["main", 0]);
    assertEquals(execution.duration_ms > 0 && execution.duration_ms < 5000, true);
    assertEquals(execution.fuel_consumed > 1000, true);
    assertEquals(execution.ram_used > 2 ** 20, true);
    assertEquals(execution.host_requests, []);
  }
});

Deno.test("a task that throws fails with its error and a stack in the user's own lines", async () => {
  const typescript = await runCode(
    "typescript",
    `
interface Unused { x: number }

function fail(value: unknown): never {
  throw new RangeError("too far: " + value);
}
export const main = task({ name: "main" }, () => fail(7));`,
  );
  assertEquals(typescript.error?.error_type, "task_error");
  assertEquals(typescript.error?.message, "RangeError: too far: 7");
  assertMatch(typescript.error!.stack!, /at fail \(code\.ts:6:\d+\)/);
  assertMatch(typescript.error!.stack!, /code\.ts:8:\d+/);
  assertEquals(typescript.error!.stack!.includes("componentize"), false);

  const python = await runCode(
    "python",
    `
def fail(value):
    raise ValueError(f"too far: {value}")

@task
def main():
    fail(7)`,
  );
  assertEquals(python.error?.message, "ValueError: too far: 7");
  assertEquals(
    python.error?.stack,
    `Traceback (most recent call last):
  File "code.py", line 8, in main
    fail(7)
    ~~~~^^^
  File "code.py", line 4, in fail
    raise ValueError(f"too far: {value}")
ValueError: too far: 7`,
  );
});

Deno.test("compute ends an endless loop", async () => {
  const loops = both(
    { compute: "LOW" },
    "() => { while (true); }",
    "def main():\n  while True: pass",
  );
  for (const [language, code] of loops) {
    const { error, execution } = await runCode(language, code);
    assertEquals(error?.error_type, "fuel_exhausted");
    assertStringIncludes(error!.message, "100000000 units of fuel");
    assertEquals(execution.fuel_consumed, 100_000_000);
  }
});

Deno.test("timeout ends loops and sleeps alike, on time", async () => {
  const tasks = [
    ...both(
      { timeout: "100ms", compute: "HIGH" },
      "() => { while (true); }",
      "def main():\n  while True: pass",
    ),
    ...both(
      { timeout: "100ms" },
      "() => new Promise((resolve) => setTimeout(resolve, 60_000))",
      "def main():\n  import time\n  time.sleep(60)",
    ),
  ];
  for (const [language, code] of tasks) {
    const { error, execution } = await runCode(language, code);
    assertEquals(error?.error_type, "timeout");
    assertStringIncludes(error!.message, "timeout of 100 ms");
    assertEquals(execution.duration_ms < 200, true, `${language}: ${execution.duration_ms} ms`);
  }
});

Deno.test("ram ends a task that takes more, and one whose engine needs more", async () => {
  const eaters = both(
    { ram: "64MB" },
    "() => { const a = []; while (true) a.push(new Uint8Array(1e6)); }",
    "def main():\n  a = []\n  while True: a.append(bytes(10 ** 6))",
  );
  for (const [language, code] of eaters) {
    const { error, execution } = await runCode(language, code);
    assertEquals(error?.error_type, "memory_limit", JSON.stringify(error));
    assertStringIncludes(error!.message, "may use 67108864");
    assertEquals(execution.ram_used <= 64 * 2 ** 20, true);
  }
  for (const [language, code] of both({ ram: "1MB" }, "() => 1", "def main(): return 1")) {
    const { error } = await runCode(language, code);
    assertEquals(error?.error_type, "memory_limit");
    assertMatch(error!.message, /may use 1048576 bytes .* needs \d{7,8} before/);
  }
});

Deno.test("a guest that catches its memory error and goes on has not failed", async () => {
  const catchers = both(
    { ram: "64MB" },
    "() => { try { new Uint8Array(1e9); } catch { return 'caught'; } }",
    "def main():\n  try: bytes(10 ** 9)\n  except MemoryError: return 'caught'",
  );
  for (const [language, code] of catchers) {
    assertEquals((await runCode(language, code)).result, "caught");
  }
});

Deno.test("a value without JSON is an invalid result, and the message names the place", async () => {
  const values = [
    ["typescript", "10n", "result is a bigint"],
    ["typescript", "({ a: [1, { b: 2n }] })", "result.a[1].b is a bigint"],
    ["typescript", "(() => { const a: unknown[] = []; a.push({ a }); return a; })()", "circular"],
    ["typescript", "() => 1", "result is a function"],
    ["python", "{1, 2}", "result is of type set"],
    ["python", "{'a': [1, {'b': object()}]}", "result['a'][1]['b'] is of type object"],
    ["python", "float('nan')", "result is nan"],
    ["python", "{(1, 2): 3}", "result has a key of type tuple"],
  ] as const;
  for (const [language, value, message] of values) {
    const code = language === "python"
      ? `@task\ndef main(): return ${value}`
      : `export const main = task({ name: "main" }, () => ${value});`;
    const { error } = await runCode(language, code);
    assertEquals(error?.error_type, "invalid_result", value);
    assertStringIncludes(error!.message, message);
  }
});

Deno.test("a result that looks like an error is a result", async () => {
  const value = `{"error_type": "timeout", "message": "x", "success": "no"}`;
  const results = both({}, `() => (${value})`, `def main(): return ${value}`);
  for (const [language, code] of results) {
    const envelope = await runCode(language, code);
    assertEquals(envelope.success, true);
    assertEquals(envelope.result, JSON.parse(value));
  }
});

Deno.test("conversions are those of the language", async () => {
  const typescript = await runCode(
    "typescript",
    `export const main = task({ name: "main" }, () => [undefined, new Date(0), NaN, "\\ud800é😀", { a: undefined, toJSON: () => 5 }]);`,
  );
  assertEquals(typescript.result, [null, "1970-01-01T00:00:00.000Z", null, "\ud800é😀", 5]);
  const python = await runCode(
    "python",
    `@task\ndef main(): return [None, (1, 2), {3: True}, "\\ud800é😀", 2 ** 70]`,
  );
  assertEquals(python.result, [null, [1, 2], { 3: true }, "\ud800é😀", 2 ** 70]);
});

Deno.test("a sub-task gives an envelope, in every form of TypeScript", async () => {
  const envelope = await runCode(
    "typescript",
    `
const add = task({ name: "add" }, (a: number, b: number) => a + b);
const fail = task({ name: "fail" }, (): string => { throw new Error("inside"); });
export const main = task({ name: "main" }, async () => {
  const call = add(1, 2);
  const waited = call.result;
  const awaited = await add(3, 4);
  const both = await Promise.all([add(5, 6), add(7, 8)]);
  const failed = await fail();
  const passedOn = add(unwrap(awaited), (add(1, 1) as { result: number }).result);
  let thrown = "";
  try { unwrap(failed); } catch (error) { thrown = String(error) + (error as { errorType: string }).errorType; }
  return {
    waited, awaited: awaited.result, both: both.map(unwrap), thrown,
    failed: [failed.success, failed.error?.error_type, failed.error?.stack?.includes("code.ts:4:")],
    spread: Object.keys({ ...call }), figures: call.execution.fuel_consumed > 1000,
    passedOn,
  };
});`,
  );
  const { passedOn, ...rest } = envelope.result as Record<string, unknown>;
  assertEquals(rest, {
    waited: 3,
    awaited: 7,
    both: [11, 15],
    thrown: "TaskError: Error: insidetask_error",
    failed: [false, "task_error", true],
    spread: ["success", "result", "error", "execution"],
    figures: true,
  });
  assertEquals((passedOn as { result: number }).result, 9);
});

Deno.test("a sub-task gives an envelope, in every form of Python", async () => {
  const envelope = await runCode(
    "python",
    `
import asyncio

@task(compute="LOW")
def add(a, b=10): return a + b

@task
def fail(): raise KeyError("inside")

@task
async def later(n):
    await asyncio.sleep(0.01)
    return n

async def gather():
    return [e["result"] for e in await asyncio.gather(add.aio(1, 1), later.aio(5), add.aio(2))]

@task
def main():
    future = add.submit(5)
    failed = fail()
    try: unwrap(failed)
    except Exception as error: raised = f"{type(error).__name__} {error.error_type}"
    return {
        "called": add(1, b=2)["result"], "submitted": future.result(timeout=10)["result"], "done": future.done(),
        "mapped": [e["result"] for e in add.map([1, 2, 3])],
        "gathered": asyncio.run(gather()), "later": later(7)["result"],
        "failed": [failed["success"], failed["error"]["error_type"], failed["error"]["message"]],
        "raised": raised,
    }`,
  );
  assertEquals(envelope.result, {
    called: 3,
    submitted: 15,
    done: true,
    mapped: [11, 12, 13],
    gathered: [2, 5, 12],
    later: 7,
    failed: [false, "task_error", "KeyError: 'inside'"],
    raised: "TaskError task_error",
  });
});

Deno.test("a task that returns first waits for the calls it has started", async () => {
  const code = {
    typescript: `
const slow = task({ name: "slow" }, () => new Promise((resolve) => setTimeout(resolve, 60, "late")));
export const main = task({ name: "main" }, () => { slow(); return 1; });`,
    python: `
import time
@task
def slow(): time.sleep(0.06)
@task
def main():
    slow.submit()
    return 1`,
  };
  for (const language of ["typescript", "python"] as const) {
    const events: RunEvent[] = [];
    const text = (language === "python" ? PY : SDK) + code[language];
    const { result } = await run({ code: text, language, onEvent: (event) => events.push(event) });
    assertEquals(result, 1);
    const finished = events.filter((event) => event.type === "task_finished");
    assertEquals(finished.map(({ name, error }) => [name, error]), [["slow", null], [
      "main",
      null,
    ]]);
  }
});

Deno.test("a task that fails ends the calls it has started", async () => {
  const events: RunEvent[] = [];
  const started = performance.now();
  await run({
    language: "python",
    code: `${PY}
import time
@task
def slow(): time.sleep(60)
@task
def main():
    slow.submit()
    time.sleep(0.1)
    raise ValueError()`,
    onEvent: (event) => events.push(event),
  });
  assertEquals(performance.now() - started < 5000, true);
  const slow = events.find((event) => event.type === "task_finished" && event.name === "slow");
  assertEquals(slow?.type === "task_finished" && slow.error?.error_type, "cancelled");
});

Deno.test("promises and a waiting call live side by side", async () => {
  const { result } = await runCode(
    "typescript",
    `
const quick = task({ name: "quick" }, () => "quick");
export const main = task({ name: "main" }, async () => {
  const order: unknown[] = [];
  const timer = new Promise((resolve) => setTimeout(() => resolve(order.push("timer")), 40));
  const pending = quick().then((envelope) => order.push(envelope.result));
  order.push(quick().result + " waited");
  await pending;
  await timer;
  return order;
});`,
  );
  assertEquals(result, ["quick waited", "quick", "timer"]);
});

Deno.test("tasks nest 30 deep, and 500 of them run side by side", async () => {
  const code = {
    typescript: `
const deep = task({ name: "deep" }, (n: number): unknown => n === 0 ? 0 : 1 + ((deep as any)(n - 1).result as number));
const one = task({ name: "one" }, (n: number) => n);
export const main = task({ name: "main", compute: "HIGH" }, async () => {
  const all = await Promise.all(Array.from({ length: 500 }, (_, n) => one(n)));
  return [deep(30).result, all.reduce((sum, { result }) => sum + result!, 0)];
});`,
    python: `
@task
def deep(n): return 0 if n == 0 else 1 + deep(n - 1)["result"]
@task
def one(n): return n
@task(compute="HIGH")
def main(): return [deep(30)["result"], sum(e["result"] for e in one.map(range(500)))]`,
  };
  for (const language of ["typescript", "python"] as const) {
    const { result, error } = await runCode(language, code[language]);
    assertEquals(result, [30, 124_750], JSON.stringify(error));
  }
});

Deno.test("a promise that is never resolved is a failure, not a hang", async () => {
  const { error } = await runCode(
    "typescript",
    `export const main = task({ name: "main" }, () => new Promise(() => {}));`,
  );
  assertEquals(error?.error_type, "task_error");
  assertStringIncludes(error!.message, "never");
});

Deno.test("events bring output, in order and by stream", async () => {
  const prints = both(
    {},
    `() => { console.log("out", { a: [1] }); console.error("err"); console.log("é%d", 5); }`,
    `def main():
  import sys
  print("out", {"a": [1]})
  print("err", file=sys.stderr)
  sys.stdout.buffer.write("é5\\n".encode())`,
  );
  for (const [language, code] of prints) {
    const written = { stdout: "", stderr: "" };
    await run({
      code: (language === "python" ? PY : SDK) + code,
      language,
      onEvent(event) {
        if (event.type === "output") written[event.stream] += new TextDecoder().decode(event.data);
      },
    });
    assertEquals(written.stdout.replaceAll(/[ '"]/g, ""), "out{a:[1]}\né5\n");
    assertEquals(written.stderr, "err\n");
  }
});

Deno.test("a signal cancels a run, and its sub-tasks", async () => {
  const loops = [
    [
      "python",
      `@task\ndef f():\n  while True: pass\n@task(compute="HIGH")\ndef main(): return f.submit().result()`,
    ],
    [
      "typescript",
      `export const main = task({ name: "main", compute: "HIGH" }, () => { while (true); });`,
    ],
  ] as const;
  for (const [language, code] of loops) {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 100);
    const started = performance.now();
    const { error } = await run({
      code: (language === "python" ? PY : SDK) + code.replace("@task\n", '@task(compute="HIGH")\n'),
      language,
      signal: controller.signal,
    });
    assertEquals(error?.error_type, "cancelled");
    assertEquals(performance.now() - started < 5000, true);
  }
});

Deno.test("calls of an open program share no state", async () => {
  using folder = project({
    "counter.py":
      `${PY}count = 0\n@task\ndef main():\n  global count\n  count += 1\n  return count`,
    "counter.ts":
      `${SDK}let count = 0;\nexport const main = task({ name: "main" }, () => { (globalThis as any).x ??= 0; return ++count + ++(globalThis as any).x; });`,
  });
  for (const [file, expected] of [["counter.py", 1], ["counter.ts", 2]] as const) {
    await using program = await open({ file, cwd: folder.path });
    const envelopes = await Promise.all(Array.from({ length: 20 }, () => program.call("main")));
    assertEquals(envelopes.map(({ result }) => result), Array(20).fill(expected));
    await assertRejects(
      async () => await program.call("other"),
      CapsuleError,
      'there is no task "other"; its tasks are: main',
    );
    program.close();
    await assertRejects(async () => await program.call("main"), CapsuleError, "is closed");
  }
});

Deno.test("randomness differs in every call", async () => {
  const draws = both(
    {},
    `() => [Math.random(), crypto.randomUUID(), ...crypto.getRandomValues(new Uint32Array(2))]`,
    `def main():
  import random, uuid, secrets, os
  return [random.random(), str(uuid.uuid4()), secrets.token_hex(8), os.urandom(4).hex()]`,
  );
  for (const [language, code] of draws) {
    await using program = await open({ code: (language === "python" ? PY : SDK) + code, language });
    const drawn = await Promise.all(
      Array.from({ length: 10 }, () => program.call<unknown[]>("main")),
    );
    for (let index = 0; index < 4; index++) {
      const values = new Set(drawn.map(({ result }) => result![index]));
      assertEquals(values.size, 10, `${language}: value ${index}`);
    }
  }
});

Deno.test("mistakes of the host's side are CapsuleErrors", async () => {
  using folder = project({
    "nomain.ts":
      `${SDK}export const a = task({ name: "a" }, () => 1);\ntask({ name: "b" }, () => 2);`,
    "option.ts": `${SDK}export const main = task({ name: "main", memory: 5 } as any, () => 1);`,
    "throws.ts": `${SDK}globalThis.kept = task;\nthrow new Error("at load");`,
    "throws.py": `import json\n\ndef main(): pass\n\njson.loads("{")`,
    "missing.py": `def main(): pass\nimport  no_such_module`,
    "syntax.py": `def main():\n    return (1,\n`,
    "open.py": `data = open("data.txt")\ndef main(): return data`,
    "toplevel.py": `${PY}@task\ndef main(): return 1\nmain()`,
  });
  const mistakes = [
    [{ file: "none.ts" }, "file_not_found", "there is no such file"],
    [{ file: "x.rb" }, "invalid_argument", "its ending is none of"],
    [{}, "invalid_argument", "set either file or code"],
    [{ code: "1" }, "invalid_argument", "language: must be"],
    [{ file: "nomain.ts" }, "invalid_program", 'there is no task "main"; its tasks are: a, b'],
    [{ file: "option.ts" }, "invalid_program", 'option.ts: task "main": memory: unknown option'],
    [{ file: "throws.ts" }, "invalid_program", "Error: at load"],
    [{ file: "throws.py" }, "invalid_program", "throws.py:5:1: json.decoder.JSONDecodeError"],
    [{ file: "missing.py" }, "invalid_program", "missing.py:2:1: ModuleNotFoundError"],
    [{ file: "syntax.py" }, "invalid_program", "syntax.py:2:12: SyntaxError"],
    [{ file: "open.py" }, "invalid_program", "open.py:1:8: FileNotFoundError"],
    [{ file: "toplevel.py" }, "invalid_program", "not by top-level code"],
  ] as const;
  for (const [options, code, message] of mistakes) {
    const error = await assertRejects(
      () => run({ cwd: folder.path, ...options } as RunOptions),
      CapsuleError,
    );
    assertEquals(error.code, code, JSON.stringify(options));
    assertStringIncludes(error.message, message);
    if (["open.py", "toplevel.py"].includes("file" in options ? options.file : "")) {
      assertStringIncludes(`${error.message} ${error.hint}`, "inside a task");
    }
  }
  const throws = await assertRejects(() => run({ cwd: folder.path, file: "throws.ts" }));
  assertStringIncludes((throws as Error).message, "throws.ts:3:");
});

Deno.test("Python finds main however it is bound", async () => {
  const bindings = [
    "import functools\ndef hello(n): return n\nmain = functools.partial(hello, 5)",
    "import sys\nif sys.version_info > (3,):\n  def main(): return 5\nelse:\n  pass",
    "try:\n  import nothing\nexcept ImportError:\n  async def main(): return 5",
    "main: object = lambda: 5",
  ];
  for (const code of bindings) {
    const { result, error } = await run({ language: "python", code });
    assertEquals([result, error], [5, null], code);
  }
});

Deno.test("Python without a main task: a function, or a script", async () => {
  const programs = [
    ["def main(a, b): return a * b", [6, 7], 42, ""],
    ["async def main(n):\n  import asyncio\n  await asyncio.sleep(0)\n  return n", [3], 3, ""],
    [
      "import sys\nprint('args', sys.argv[1:], __name__)",
      ["a", 1],
      null,
      "args ['a', '1'] __main__\n",
    ],
    ["import sys\nprint('before')\nsys.exit(0)", [], null, "before\n"],
  ] as const;
  for (const [code, args, expected, output] of programs) {
    let written = "";
    const { result, error } = await run({
      code,
      language: "python",
      args: [...args],
      onEvent(event) {
        if (event.type === "output") written += new TextDecoder().decode(event.data);
      },
    });
    assertEquals([result, written], [expected, output], JSON.stringify(error));
  }
  const failed = await run({ code: "import sys\nsys.exit('no good')", language: "python" });
  assertEquals([failed.error?.error_type, failed.error?.message], [
    "task_error",
    "SystemExit: no good",
  ]);
});

Deno.test("TypeScript without tasks runs its exported main, or as a script, as text and as a file", async () => {
  const programs = [
    ["export const main = (n: number) => 2 * n;", "ts", 42],
    ["export default async function (n: number) { return 2 * n; }", "ts", 42],
    ["module.exports = { main: (n) => 2 * n };", "js", 42],
    ["export const other = (n: number) => 2 * n;", "ts", null],
    ["export const main = 5;", "ts", null],
    ["export const main = (n) => called(n); if (import.meta.main) called(0);", "ts", 1],
    [
      "const main = (n) => called(n); if (import.meta.main) main(0); export default () => count;",
      "ts",
      1,
    ],
  ] as const;
  const counting = "var count = 0; const called = (n: number) => ++count;\n";
  for (const [text, ending, expected] of programs) {
    const code = text.includes("called") ? counting + text : text;
    using folder = project({ [`program.${ending}`]: code });
    const file = { file: `program.${ending}`, cwd: folder.path };
    for (const program of [{ code, language: "typescript" } as const, file]) {
      const { result, error } = await run({ ...program, args: [21] });
      assertEquals([result, error], [expected, null], code);
    }
  }
});

Deno.test("a listener that throws ends its own run, and no other", async () => {
  const code = `${SDK}export const main = task({ name: "main" }, async (ms) => {
    console.log("here");
    await new Promise((resolve) => setTimeout(resolve, ms));
    return ms;
  });`;
  await using program = await open({ language: "typescript", code });
  const onEvent = () => {
    throw new RangeError("not mine");
  };
  const [first, second, third] = await Promise.allSettled([
    program.call("main", [60_000], { onEvent }),
    program.call("main", [100]),
    open({ language: "typescript", code: `console.log("loading");`, onEvent }),
  ]);
  assertEquals(first.status === "rejected" && String(first.reason), "RangeError: not mine");
  assertEquals(second.status === "fulfilled" && second.value.result, 100);
  assertEquals(third.status === "rejected" && String(third.reason), "RangeError: not mine");
  assertEquals((await program.call("main", [1])).result, 1);
});

Deno.test("a signal cancels a run while its program loads, or before", async () => {
  const loads = { language: "typescript", code: "for (;;);" } as const;
  for (const signal of [AbortSignal.timeout(100), AbortSignal.abort()]) {
    const started = performance.now();
    const envelope = await run({ ...loads, signal });
    assertEquals(envelope.error?.error_type, "cancelled");
    assertEquals(performance.now() - started < 2000, true);
  }
  const reason = new Error("enough");
  assertEquals(
    await open({ ...loads, signal: AbortSignal.abort(reason) }).catch((error) => error),
    reason,
  );
  assertEquals(
    (await run({ language: "python", code: "while True: pass", signal: AbortSignal.timeout(100) }))
      .error?.error_type,
    "cancelled",
  );
});

Deno.test("a signal that aborts just when a program is loaded gives it up", async () => {
  const controller = new AbortController();
  const reason = new Error("enough");
  const opening = open({
    language: "typescript",
    code: `${SDK}export const main = task({ name: "main", allowedFiles: ["."] }, () => 1);`,
    policy: "none",
    signal: controller.signal,
    // Told when the native library has loaded the program.
    onEvent: ({ type }) => type === "access_withheld" && controller.abort(reason),
  });
  assertEquals(await opening.catch((error) => error), reason);
});

Deno.test("the envelope of a hostile exception is well-formed", async () => {
  const typescript = await runCode(
    "typescript",
    `export const main = task({ name: "main" }, () => {
      const error = new Error("x");
      const get = () => { throw new Error("again"); };
      for (const name of ["name", "message", "stack", "cause"]) {
        Object.defineProperty(error, name, { get });
      }
      throw error;
    });`,
  );
  assertEquals(typescript.error?.error_type, "task_error");
  assertStringIncludes(typescript.error!.message, "cannot be shown");
  const python = await runCode(
    "python",
    `
class Hostile(Exception):
    def __str__(self):
        raise SystemExit(3)

@task
def main():
    raise Hostile()`,
  );
  assertEquals(python.error?.error_type, "task_error");
  assertStringIncludes(python.error!.message, "cannot be shown");
  for (
    const [language, code] of both(
      {},
      `() => { throw new Error("a\\ud800b"); }`,
      `def main(): raise ValueError("a\\ud800b")`,
    )
  ) {
    const { error } = await runCode(language, code);
    assertMatch(error!.message, /^(Value)?Error: a\ufffdb$/);
  }
});

Deno.test("code that a program evaluates has lines of its own", async () => {
  const { error } = await runCode(
    "typescript",
    `\n\nexport const main = task({ name: "main" }, () => (0, eval)("\\n\\nthrow new Error('x')"));`,
  );
  assertMatch(error!.stack!, /<eval>:3:\d+/);
  assertMatch(error!.stack!, /code\.ts:4:\d+/);
});

Deno.test("a host process ends by itself when its runs have", async () => {
  using folder = project();
  const file = folder.write(
    "host.ts",
    `import { open, run } from "${ROOT}runner.ts";
    const code = 'import { task } from "@capsule/sdk"; task({ name: "main" }, () => 1);';
    await Promise.all([1, 2, 3].map(() => run({ language: "typescript", code })));
    const program = await open({ language: "typescript", code });
    await program.call("main");
    console.log("done");`,
  );
  const started = performance.now();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--quiet", `--config=${ROOT}deno.json`, file],
    env: { CAPSULE_CACHE_DIR: CACHE },
    stdout: "piped",
  }).spawn();
  const timer = setTimeout(() => child.kill(), 10_000);
  const { code, stdout } = await child.output();
  clearTimeout(timer);
  assertEquals([code, new TextDecoder().decode(stdout)], [0, "done\n"]);
  assertEquals(performance.now() - started < 5000, true);
});
