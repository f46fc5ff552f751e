/** Guests that compute, sleep or wait for ever: fuel and time end them, whatever they catch. */
import { assertEquals, assertTrue } from "../../support/assert.ts";
import { attack, type Language, LANGUAGES } from "../attack.ts";

const SPINS = {
  "an endless loop": {
    typescript: "while (true);",
    python: "while True: pass",
  },
  "a loop that catches everything": {
    typescript: "for (;;) { try { for (;;); } catch { continue; } finally { continue; } }",
    python: `while True:
        try:
            while True: pass
        except BaseException: continue
        finally: continue`,
  },
  "an endless chain of promises": {
    typescript: "for (;;) await null;",
    python: "import asyncio\n    async def spin():\n        while True: await asyncio.sleep(0)\n" +
      "    asyncio.run(spin())",
  },
  "a regular expression that backtracks": {
    typescript: `return /^(a+)+$/.test("a".repeat(60) + "b");`,
    python: `import re\n    return bool(re.match("^(a+)+$", "a" * 60 + "b"))`,
  },
  // One instruction of the language each, which asks for nothing in between.
  "one call that computes for ever": {
    typescript: "return new Array(2 ** 32 - 1).join().length || 2n ** 100_000_000n;",
    python: "return (3 ** 10**8).bit_length()",
  },
} satisfies Record<string, Record<Language, string>>;

const WAITS = {
  "a sleep": {
    typescript: "await new Promise((resolve) => setTimeout(resolve, 1e9));",
    python: "import time\n    time.sleep(1e9)",
  },
  "a poll": {
    typescript: `const host = await (0, eval)('import("capsule:host/operations@1.0.0")');
      for (;;) host.poll(1000);`,
    python: `from wit_world.imports import operations
    while True: operations.poll(1000)`,
  },
  "a poll without end": {
    typescript: `const host = await (0, eval)('import("capsule:host/operations@1.0.0")');
      host.start("sleep", { json: "1e12", bytes: new Uint8Array() });
      for (;;) host.poll(null);`,
    python: `from wit_world.imports import operations
    from wit_world.imports.operations import Payload
    operations.start("sleep", Payload("1e12", b""))
    while True: operations.poll(None)`,
  },
  "thousands of timers": {
    typescript: "for (let i = 0; i < 3000; i++) setInterval(() => {}, 0);\n" +
      "await new Promise((resolve) => setTimeout(resolve, 1e9));",
    python: `import asyncio
    async def wait(): await asyncio.gather(*(asyncio.sleep(1e9) for _ in range(3000)))
    asyncio.run(wait())`,
  },
  "a sub-task that sleeps": {
    typescript: "return (await sleeps()).success;",
    python: "return sleeps()",
  },
} satisfies Record<string, Record<Language, string>>;

for (const language of LANGUAGES) {
  for (const [what, body] of Object.entries(SPINS)) {
    Deno.test(`${language}: ${what} uses up its fuel`, async () => {
      const { error, execution } = await attack({
        language,
        code: program(language, { compute: 60_000_000 }, body[language]),
      });
      assertEquals(error?.error_type, "fuel_exhausted", error?.message);
      assertEquals(execution.fuel_consumed, 60_000_000);
    });
  }

  for (const [what, body] of Object.entries({ ...SPINS, ...WAITS })) {
    Deno.test(`${language}: ${what} ends at its timeout, with all the fuel there is`, async () => {
      const timeoutMs = what === "an endless loop" ? 200 : 100;
      const options = { compute: "HIGH", timeout: timeoutMs };
      const code = program(language, options, body[language]);
      const { error, execution } = await attack({ language, code });
      assertEquals(error?.error_type, "timeout", error?.message);
      const { duration_ms } = execution;
      // On a quiet machine it is less than 10 ms late.
      assertTrue(duration_ms >= timeoutMs && duration_ms < timeoutMs + 200, `${duration_ms} ms`);
    });
  }

  Deno.test(`${language}: each attempt has its own fuel, and no more`, async () => {
    // Every attempt starts anew, and none gets what another has left.
    const { error, execution } = await attack({
      language,
      code: program(
        language,
        { compute: 20_000_000, retries: 4 },
        SPINS["an endless loop"][language],
      ),
    });
    assertEquals([error?.error_type, execution.retries], ["fuel_exhausted", 4]);
    assertEquals(execution.fuel_consumed, 5 * 20_000_000);
  });
}

function program(language: Language, options: Record<string, unknown>, body: string): string {
  const { compute, timeout, retries = 0 } = options;
  if (language === "typescript") {
    return `import { task } from "@capsule/sdk";
const sleeps = task({ name: "sleeps" }, () => new Promise((resolve) => setTimeout(resolve, 1e9)));
task(${
      JSON.stringify({ name: "main", compute, timeout, maxRetries: retries })
    }, async () => { ${body} });`;
  }
  const time = timeout === undefined ? "" : `, timeout=${JSON.stringify(timeout)}`;
  return `from capsule import task
@task
def sleeps():
    import time
    time.sleep(1e9)
@task(compute=${JSON.stringify(compute)}${time}, max_retries=${retries})
def main():
    ${body}`;
}
