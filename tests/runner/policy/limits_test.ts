/** `limits`, `budget`, `capture`, `stdin` and what is no option: what the host decides about a run. */
import {
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertTrue,
} from "../../support/assert.ts";
import { CapsuleError, open, run, type RunEvent, type RunOptions } from "../../../runner.ts";
import { project } from "../../support/support.ts";

const LOOPS = {
  typescript:
    `import { task } from "@capsule/sdk"; task({ name: "main" }, () => { while (true); });`,
  python: "while True: pass",
};
const LANGUAGES = ["typescript", "python"] as const;

for (const language of LANGUAGES) {
  Deno.test(`${language}: limits apply to tasks that declare none, and to tasks that declare more`, async () => {
    const code = LOOPS[language];
    const end = async (limits: RunOptions["limits"]) => {
      const { error, execution } = await run({ code, language, limits: limits! });
      assertTrue(execution.duration_ms < 10_000, `${execution.duration_ms} ms`);
      return error!.error_type;
    };
    assertEquals(await end({ timeout: "100ms" }), "timeout");
    assertEquals(await end({ compute: "LOW" }), "fuel_exhausted");
    assertEquals(await end({ compute: 50_000_000, timeout: "9s" }), "fuel_exhausted");
    const grows = language === "python"
      ? "def main():\n    return len(bytearray(400 << 20))"
      : `import { task } from "@capsule/sdk"; task({ name: "main" }, () => new Uint8Array(400 << 20).length);`;
    const { error } = await run({ code: grows, language, limits: { ram: "256MB" } });
    assertEquals(error!.error_type, "memory_limit");
    assertEquals((await run({ code: grows, language })).success, true);
  });
}

const TASKS = `from capsule import task
@task(compute="HIGH", ram="1GB", timeout="50s", max_retries=3)
def main():
    raise ValueError("no")
@task
def plain():
    while True: pass
@task(timeout="20s")
def calls(): return plain()["error"]["error_type"]
`;

Deno.test("limits lower what tasks declare, with an event, and apply to sub-tasks", async () => {
  using folder = project({ "main.py": TASKS, "capsule.toml": `[tasks]\ndefault_timeout = "40s"` });
  const events: RunEvent[] = [];
  const options = { file: "main.py", cwd: folder.path } as const;
  const { execution } = await run({
    ...options,
    limits: { compute: "MEDIUM", timeout: "300ms", maxRetries: 1 },
    onEvent: (event) => void events.push(event),
  });
  assertEquals(execution.retries, 1);
  const told = events.find((event) => event.type === "limits_clipped");
  assertEquals(told, {
    type: "limits_clipped",
    limits: [
      { task: "main", option: "compute", declared: 50e9, limit: 2e9 },
      { task: "main", option: "timeout", declared: 50_000, limit: 300 },
      { task: "main", option: "maxRetries", declared: 3, limit: 1 },
      // By capsule.toml.
      { task: "plain", option: "timeout", declared: 40_000, limit: 300 },
      { task: "calls", option: "timeout", declared: 20_000, limit: 300 },
    ],
  });
  const sub = await run({ ...options, task: "calls", limits: { compute: "LOW" } });
  assertEquals(sub.result, "fuel_exhausted");
  assertEquals(sub.success, true);
});

Deno.test("a task keeps lower limits of its own, and has no retries by default", async () => {
  const code = `from capsule import task
@task(timeout="80ms")
def main():
    while True: pass
@task
def fails(): raise ValueError("no")`;
  const limits = { timeout: "20s", maxRetries: 2, compute: "HIGH" } as const;
  const { error } = await run({ code, language: "python", limits });
  assertStringIncludes(error!.message, "its timeout of 80 ms");
  const fails = await run({ code, language: "python", task: "fails", limits });
  assertEquals(fails.execution.retries, 0);
});

Deno.test("a call may have lower limits than its program, and never higher ones", async () => {
  await using program = await open({
    code: TASKS,
    language: "python",
    limits: { timeout: "400ms", maxRetries: 2 },
  });
  const main = await program.call("main");
  assertEquals(main.execution.retries, 2);
  const events: RunEvent[] = [];
  const fewer = await program.call("main", [], {
    limits: { maxRetries: 0 },
    onEvent: (event) => void events.push(event),
  });
  assertEquals(fewer.execution.retries, 0);
  assertEquals(events[0], {
    type: "limits_clipped",
    limits: [{ task: "main", option: "maxRetries", declared: 2, limit: 0 }],
  });
  const more = await program.call("main", [], { limits: { maxRetries: 50, timeout: "1h" } });
  assertEquals(more.execution.retries, 2);
  const { error } = await program.call("plain", [], { limits: { timeout: "50ms" } });
  assertStringIncludes(error!.message, "its timeout of 50 ms");
  const sub = await program.call("calls", [], { limits: { compute: "LOW" } });
  assertEquals(sub.result, "fuel_exhausted");
  const late = await program.call("plain", [], { limits: { timeout: "1h" } });
  assertStringIncludes(late.error!.message, "its timeout of 400 ms");
});

Deno.test("a budget bounds fuel and time of a run with all that it calls", async () => {
  const code = `from capsule import task
import time
@task(max_retries=100)
def burns():
    while True: pass
@task(max_retries=100)
def sleeps(seconds): time.sleep(seconds)
@task
def main(name, *args):
    import capsule
    first, second = ({"burns": burns, "sleeps": sleeps}[name](*args) for _ in range(2))
    return [first["error"] and first["error"]["error_type"], second["error"] and second["error"]["message"]]
`;
  const call = (args: unknown[], budget: RunOptions["budget"], limits: RunOptions["limits"]) =>
    run({ code, language: "python", args, budget: budget!, limits: limits! });
  const fuel = await call(["burns"], { compute: 3e9 }, { maxRetries: 100, compute: 1e9 });
  // The caller itself has none left when it goes on.
  assertEquals(fuel.error?.error_type, "fuel_exhausted");
  assertStringIncludes(fuel.error!.message, "the run used all of its 3000000000 units");
  const time = await call(["sleeps", 60], { timeout: "400ms" }, { maxRetries: 100 });
  assertEquals(time.error?.error_type, "timeout");
  assertStringIncludes(time.error!.message, "the timeout of its budget, 400 ms");
  assertTrue(time.execution.duration_ms < 3000, `${time.execution.duration_ms} ms`);
  const fine = await call(["sleeps", 0.01], { timeout: "20s", compute: "HIGH" }, {});
  assertEquals(fine.result, [null, null]);
});

for (const isolation of ["sandbox", "process"] as const) {
  Deno.test(`${isolation}: capture returns what was printed`, async () => {
    const codes = {
      typescript: `import { task } from "@capsule/sdk";
        const sub = task({ name: "sub" }, () => console.error("of the sub-task"));
        task({ name: "main" }, async (n) => { console.log("äöü", n); await sub(); return n; });`,
      python: `import sys
from capsule import task
@task
def sub(): print("of the sub-task", file=sys.stderr)
@task
def main(n):
    print("äöü", n)
    sub()
    return n`,
    };
    for (const language of LANGUAGES) {
      const code = codes[language];
      const options = { code, language, args: [1], isolation };
      const { result, stdout, stderr } = await run({ ...options, capture: true });
      assertEquals([result, stdout, stderr], [1, "äöü 1\n", "of the sub-task\n"]);
      assertEquals(Object.keys(await run(options)), ["success", "result", "error", "execution"]);
      await using program = await open({ code, language, isolation });
      const called = await program.call("main", [2], { capture: true });
      assertEquals([called.stdout, called.stderr], ["äöü 2\n", "of the sub-task\n"]);
    }
    const loud = await run({
      code: `print("x" * (3 << 20))\nraise ValueError("late")`,
      language: "python",
      capture: true,
      isolation,
    });
    assertEquals(loud.success, false);
    assertEquals(loud.stdout!.slice(0, 1 << 20), "x".repeat(1 << 20));
    assertEquals(loud.stdout!.slice(1 << 20), "\n[cut: only the first 1 MiB is kept]\n");
  });

  Deno.test(`${isolation}: a task reads its standard input, in every way that its language has`, async () => {
    const codes: Record<"python" | "typescript", string[]> = {
      python: [
        "import sys\ndef main(): return sys.stdin.read()",
        "import sys\ndef main(): return ''.join(sys.stdin)",
        "import sys\ndef main(): return sys.stdin.buffer.read().decode()",
        "def main():\n    return input() + '\\n' + input()",
      ],
      typescript: [
        `import fs from "node:fs"; main(() => fs.readFileSync(0, "utf8"));`,
        `import fs from "node:fs"; main(() => fs.readFileSync("/dev/stdin", "utf8"));`,
        `main(async () => { let text = ""; for await (const part of process.stdin.setEncoding("utf8")) text += part; return text; });`,
        `import readline from "node:readline"; main(() => new Promise((resolve) => { let text = ""; process.stdin.on("data", (part) => text += part).on("end", () => resolve(text)); }));`
          .replace(/import readline[^;]*; /, ""),
      ],
    };
    for (const language of LANGUAGES) {
      for (const body of codes[language]) {
        const code = language === "python" ? body : `import { task } from "@capsule/sdk";
          const main = (body) => task({ name: "main" }, body); ${body}`;
        for (const stdin of ["grüße\nzwei", new TextEncoder().encode("grüße\nzwei")]) {
          const { result, error } = await run({ code, language, stdin, isolation });
          assertEquals([error, result], [null, "grüße\nzwei"], body);
        }
        const { result, error } = await run({ code, language, isolation });
        if (body.includes("input()")) assertStringIncludes(error!.message, "EOF");
        else assertEquals(result, "", body);
      }
    }
    const size = 20 << 20;
    const long = await run({
      code: "import sys\ndef main(): return len(sys.stdin.buffer.read())",
      language: "python",
      stdin: new Uint8Array(size).fill(0xe4),
      isolation,
    });
    assertEquals(long.result, size);
  });
}

Deno.test("a sub-task has no standard input, and an attempt reads it from the start", async () => {
  const code = `import sys
from capsule import task
@task
def sub(): return sys.stdin.read()
@task(max_retries=1)
def main():
    text = sys.stdin.read()
    if sub()["result"] != "": return "the sub-task read"
    if "again" in text and sub()["execution"]: raise ValueError(text)
    return text`;
  const limits = { maxRetries: 1 };
  const { error, execution } = await run({ code, language: "python", stdin: "again", limits });
  assertEquals([error!.message, execution.retries], ["ValueError: again", 1]);
  assertEquals((await run({ code, language: "python", stdin: "once" })).result, "once");
});

Deno.test("an unknown option is refused, and the message says where it belongs", async () => {
  const code = "def main(): return 1";
  const refusal = async (options: unknown, call: (options: RunOptions) => unknown = run) => {
    const error = await assertRejects(async () => await call(options as RunOptions), CapsuleError);
    assertEquals(error.code, "invalid_argument");
    return `${error.message}${error.hint ? ` (${error.hint})` : ""}`;
  };
  const text = { code, language: "python" };
  for (const call of [run, open]) {
    for (const isolation of ["sandbox", "process"]) {
      const refused = await refusal({ ...text, isolation, timeout: "1s" }, call);
      assertStringIncludes(
        refused,
        `timeout: unknown option of ${call.name}(); expected one of file, code`,
      );
      assertStringIncludes(refused, "(write limits: { timeout: … })");
    }
    assertStringIncludes(await refusal({ ...text, allowedHosts: [] }, call), "write grants: {");
    assertStringIncludes(
      await refusal({ ...text, onOutput() {} }, call),
      "onOutput: unknown option",
    );
    for (const options of [undefined, null, "main.py", []]) {
      assertStringIncludes(
        await refusal(options, call),
        "must be called with an object of options",
      );
    }
  }
  assertStringIncludes(await refusal({ ...text, task: null }), "task: must be a string (got null)");
  assertStringIncludes(
    await refusal({ ...text, stdin: 5 }),
    "stdin: must be a string or a Uint8Array",
  );
  assertStringIncludes(
    await refusal({ ...text, capture: "yes" }),
    'capture: must be true or false (got "yes")',
  );
  assertStringIncludes(await refusal({ ...text, limits: { time: 1 } }), "limits.time: unknown key");
  assertStringIncludes(
    await refusal({ ...text, limits: { timeout: -1 } }),
    "limits.timeout: must be more than 0",
  );
  assertStringIncludes(
    await refusal({ ...text, limits: 5 }),
    "limits: must be a plain object (got 5)",
  );
  for (const isolation of ["sandbox", "process"] as const) {
    await using program = await open({ code, language: "python", isolation });
    const called = (options: object) =>
      refusal(options, (options) => program.call("main", [], options));
    assertStringIncludes(await called({ policy: "none" }), "policy: unknown option of call()");
    assertStringIncludes(await called({ limits: { ram: "x" } }), "limits.ram: must be a size");
    assertStringIncludes(await called({ stdin: null }), "stdin: must be a string");
  }
});

for (
  const [language, loop, grow] of [
    ["python", "while True: pass", "x = [bytearray(1 << 20) for _ in range(400)]"],
    [
      "typescript",
      "while (true);",
      "const x = Array.from({ length: 400 }, () => new Uint8Array(1 << 20).fill(1));",
    ],
  ] as const
) {
  Deno.test(`top-level code counts for the budget, in ${language}`, async () => {
    const main = language === "python"
      ? "def main(): return 1"
      : `import { task } from "@capsule/sdk"; task({ name: "main" }, () => 1);`;
    const attempt = async (code: string, budget: RunOptions["budget"] & object) => {
      const startedMs = performance.now();
      const { error } = await run({ code: `${code}\n${main}`, language, budget });
      return [error?.error_type, error?.message, performance.now() - startedMs] as const;
    };
    const [type, message, ms] = await attempt(loop, { timeout: "300ms" });
    assertEquals(type, "invalid_program", message);
    assertStringIncludes(message!, "300 ms");
    assertEquals(ms < 3_000, true, `${ms} ms`);
    const [, fuel] = await attempt(loop, { compute: 100_000_000 });
    assertStringIncludes(fuel!, "all of its 100000000 units of fuel");
    const [, memory] = await attempt(grow, { ram: "200MB" });
    assertStringIncludes(memory!, "of memory");
  });
}

Deno.test("retries count for the tasks of a budget", async () => {
  const code = `from capsule import task
@task(max_retries=100)
def fails(): raise ValueError("no")
@task
def main(): return [fails()["execution"]["retries"] for _ in range(3)]`;
  const { result } = await run({
    code,
    language: "python",
    limits: { maxRetries: 100, compute: "HIGH" },
    budget: { tasks: 10 },
  });
  // main, the first call and its retries; the others are refused.
  assertEquals(result, [8, 0, 0]);
});
