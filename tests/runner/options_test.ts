/** Each option × each language × (accepted, at the limit, malformed), in a sandbox. */
import { runOrThrow as run } from "../support/support.ts";
import {
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertTrue,
} from "../support/assert.ts";
import "../support/support.ts";
import { CapsuleError, type Envelope, open, type ProgramOptions } from "@capsule/sdk/runner";

type Language = "typescript" | "python";

interface Case {
  /** As TypeScript spells it. */
  option: string;
  /** Values that are taken: the task does what it does. */
  accepted: unknown[];
  /** A value at which the task fails, and how. */
  limit?: { value: unknown; does: keyof typeof DOES; error: string; says: string[] };
  /** Values that are refused before anything runs. */
  malformed: unknown[];
}

/** What a task does, in both languages. */
const DOES = {
  nothing: { typescript: "return 1;", python: "return 1" },
  spins: { typescript: "while (true);", python: "while True: pass" },
  fills: {
    typescript: "const kept = []; for (;;) kept.push(new Uint8Array(1 << 20));",
    python: "kept = []\n    while True: kept.append(bytearray(1 << 20))",
  },
  throws: { typescript: 'throw new Error("no");', python: 'raise ValueError("no")' },
};

const CASES: Case[] = [
  {
    option: "name",
    accepted: ["main"],
    malformed: ["", "x".repeat(129), "a\nb"],
  },
  {
    option: "compute",
    accepted: ["LOW", "medium", "High", 50_000_000, "50000000"],
    limit: {
      value: 40_000_000,
      does: "spins",
      error: "fuel_exhausted",
      says: ["used all of its 40000000 units of fuel", "raise compute"],
    },
    malformed: ["lots", 0, -1, 1.5, "1.5", true, null, []],
  },
  {
    option: "ram",
    accepted: ["256MB", "1.5 GB", "524288KiB", 300_000_000],
    limit: {
      value: "96MB",
      does: "fills",
      error: "memory_limit",
      says: ["may use 100663296", "wanted", "raise ram"],
    },
    malformed: ["1.5.2GB", "64M", "-1MB", 0, "5GB", true, null],
  },
  {
    option: "timeout",
    accepted: ["5s", "1.8s", "1m", "1h", 5000],
    limit: {
      value: "50ms",
      does: "spins",
      error: "timeout",
      says: ["longer than its timeout of 50 ms"],
    },
    malformed: ["soon", "", 0, -1, "5 days", true, null],
  },
  {
    option: "maxRetries",
    accepted: [0, 1, 100],
    limit: { value: 2, does: "throws", error: "task_error", says: ["no"] },
    malformed: [-1, 1.5, 101, "3", null],
  },
  {
    option: "envVariables",
    accepted: [[], ["HOME"], ["HOME", "_NOT_SET_1"]],
    malformed: ["HOME", ["*"], ["A=B"], [""], ["1A"], [5], null],
  },
];

for (const language of ["typescript", "python"] as const) {
  for (const { option, accepted, limit, malformed } of CASES) {
    Deno.test(`${language}: ${option} is taken`, async () => {
      for (const value of accepted) {
        const envelope = await run(program(language, { [option]: value }, "nothing"));
        assertEquals(envelope.error, null, `${value}`);
        assertEquals(envelope.result, 1);
      }
    });

    if (limit) {
      Deno.test(`${language}: ${option} ends a task at its limit`, async () => {
        const options = { compute: "HIGH", [option]: limit.value };
        const { success, error } = await run(program(language, options, limit.does));
        assertEquals([success, error?.error_type], [false, limit.error], error?.message);
        for (const text of limit.says) assertStringIncludes(error!.message, text);
      });
    }

    Deno.test(`${language}: ${option} is refused when malformed`, async () => {
      for (const value of malformed) {
        const name = option === "name" ? String(value) : "main";
        const error = await assertRejects(
          () => open(program(language, { [option]: value }, "nothing")),
          CapsuleError,
          `code.${language === "python" ? "py" : "ts"}: task ${JSON.stringify(name)}: `,
        );
        assertEquals(error.code, "invalid_program");
        assertStringIncludes(error.message, spelt(option, language));
        // Of a list, the entry is told.
        const told = JSON.stringify(Array.isArray(value) ? value[0] ?? value : value);
        if (option !== "name") assertStringIncludes(error.message, told);
      }
    });
  }

  Deno.test(`${language}: an option that does not exist is refused`, async () => {
    const error = await assertRejects(
      () => open(program(language, { memory: "1MB" }, "nothing")),
      CapsuleError,
      "memory: unknown option; expected one of name, compute, ram",
    );
    assertEquals(error.code, "invalid_program");
  });

  Deno.test(`${language}: two tasks of one name are refused`, async () => {
    const { code } = program(language, {}, "nothing");
    await assertRejects(
      () => open({ language, code: `${code}\n${code}` }),
      CapsuleError,
      'task "main": there is another task of this name',
    );
  });

  Deno.test(`${language}: the error for a ram below the engine's minimum names the minimum`, async () => {
    const { error } = await run(program(language, { ram: "1MB" }, "nothing"));
    assertEquals(error?.error_type, "memory_limit");
    const [, needed] = error!.message.match(/needs (\d+) before it does anything: raise ram/)!;
    const enough = await run(program(language, { ram: Number(needed) + 2 ** 20 }, "nothing"));
    assertEquals(enough.error, null);
  });

  Deno.test(`${language}: each attempt has its own fuel`, async () => {
    const options = { compute: 40_000_000, maxRetries: 2 };
    const { error, execution } = await run(program(language, options, "spins"));
    assertEquals([error?.error_type, execution.retries], ["fuel_exhausted", 2]);
    assertEquals(execution.fuel_consumed, 3 * 40_000_000);
  });

  Deno.test(`${language}: the figures of a task are those of its attempts, not of its sub-tasks`, async () => {
    const code = {
      typescript: `import { task } from "@capsule/sdk";
        const nap = () => new Promise((resolve) => setTimeout(resolve, 50));
        const child = task({ name: "child", compute: "HIGH" }, async () => {
          for (let i = 0; i < 300000; i++); await nap(); });
        export const main = task({ name: "main", maxRetries: 1 }, async () => {
          const call = await child(); await nap();
          if (call.success) throw new Error(JSON.stringify(call.execution)); });`,
      python: `import time, json
from capsule import task
@task(compute="HIGH")
def child():
    for i in range(300000): pass
    time.sleep(0.05)
@task(max_retries=1)
def main():
    call = child(); time.sleep(0.05)
    raise ValueError(json.dumps(call["execution"]))`,
    }[language];
    const { error, execution } = await run({ code, language, policy: "declared" });
    const child = JSON.parse(error!.message.replace(/^\w+: /, ""));
    assertEquals([execution.retries, child.retries], [1, 0]);
    assertTrue(execution.fuel_consumed < child.fuel_consumed / 2, JSON.stringify(execution));
    // While a task waits for a sub-task, its own clock goes on.
    assertTrue(execution.duration_ms >= 200, `${execution.duration_ms} ms`);
    assertTrue(child.duration_ms >= 50 && child.duration_ms < 100, `${child.duration_ms} ms`);
  });
}

Deno.test("@task works bare, with options, and for functions of all kinds", async () => {
  const code = `
from capsule import task
import asyncio
@task
def bare(x): return x + 1
@task()
def empty(x): return x + 2
@task(name="named", timeout="5s")
def other(x, *, y=0): return x + y
@task
async def awaited(x): await asyncio.sleep(0); return x * 2
@task
def main():
    calls = [bare(1), empty(1), other(1, y=5), awaited(4), bare("x")]
    return [call["result"] for call in calls] + [calls[-1]["error"]["error_type"], bare.name, other.name]
`;
  const { result, error } = await run({ code, language: "python" });
  assertEquals(error, null);
  assertEquals(result, [2, 3, 6, 8, null, "task_error", "bare", "named"]);
});

Deno.test("a task is tried again in a fresh sandbox, and retries counts those that took place", async () => {
  // A sandbox has no memory of another one: what succeeds at the third attempt is decided by luck here,
  // drawn anew in each.
  const flaky = {
    typescript: `import { task } from "@capsule/sdk";
      export const main = task({ name: "main", maxRetries: 100 }, () => {
        globalThis.seen = (globalThis.seen ?? 0) + 1;
        if (Math.random() < 0.7) throw new Error("unlucky");
        return globalThis.seen; });`,
    python: `import random
from capsule import task
seen = 0
@task(max_retries=100)
def main():
    global seen
    seen += 1
    if random.random() < 0.7: raise ValueError("unlucky")
    return seen`,
  };
  for (const language of ["typescript", "python"] as const) {
    await using program = await open({ code: flaky[language], language, policy: "declared" });
    const retries = new Set<number>();
    for (let round = 0; round < 40; round++) {
      let retried = 0;
      const { result, execution } = await program.call("main", [], {
        onEvent: (event) => retried += event.type === "task_retried" ? 1 : 0,
      });
      assertEquals(result, 1, "each attempt starts anew");
      assertEquals(execution.retries, retried);
      retries.add(execution.retries);
    }
    assertTrue(retries.size > 2, `${[...retries]}`);
  }
});

Deno.test("one that always fails gives all its retries, and its last error", async () => {
  const code = `import { task } from "@capsule/sdk";
    export const main = task({ name: "main", maxRetries: 3 }, () => {
      throw new Error("attempt " + Math.random()); });`;
  const attempts: string[] = [];
  const envelope: Envelope = await run({
    code,
    language: "typescript",
    policy: "declared",
    onEvent(event) {
      if (event.type === "task_retried") attempts.push(event.error.message);
    },
  });
  assertEquals(envelope.execution.retries, 3);
  assertEquals([envelope.error?.error_type, attempts.length], ["task_error", 3]);
  assertTrue(!attempts.includes(envelope.error!.message), "the last error is that of the last");
});

/** A program whose task has these options, and does this. */
function program(
  language: Language,
  options: Record<string, unknown>,
  does: keyof typeof DOES,
): ProgramOptions & { code: string } {
  if (language === "typescript") {
    const all = JSON.stringify({ name: "main", ...options });
    const code = `import { task } from "@capsule/sdk";
      task(${all}, () => { ${DOES[does].typescript} });`;
    return { code, language, policy: "declared" };
  }
  const all = Object.entries({ name: "main", ...options })
    .map(([name, value]) => `${spelt(name, language)}=${literal(value)}`);
  const code = `from capsule import task\n@task(${all.join(", ")})\ndef main():\n    ${
    DOES[does].python
  }`;
  return { code, language, policy: "declared" };
}

function spelt(option: string, language: Language): string {
  return language === "python"
    ? option.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
    : option;
}

function literal(value: unknown): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  return JSON.stringify(value);
}
