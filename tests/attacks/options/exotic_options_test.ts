/** Options of a careless host, whose members would be overlooked: a limit that one believes to have set. */
import { assertEquals, assertRejects, assertStringIncludes } from "../../support/assert.ts";
import "../../support/support.ts";
import { CapsuleError, open, run, type RunOptions } from "@capsule/sdk/runner";

class WithGetters {
  get timeout(): string {
    return "1ms";
  }
}

/** What holds `timeout`, and has no such member of its own. */
const EXOTIC: Record<string, object> = {
  "a promise": Promise.resolve({ timeout: "1ms" }),
  "a map": new Map([["timeout", "1ms"]]),
  "parameters": new URLSearchParams({ timeout: "1ms" }),
  "an instance with getters": new WithGetters(),
  "what inherits": Object.create({ timeout: "1ms" }),
  "a date": new Date(),
};
const PROGRAM = { code: "def main(): return 1", language: "python" } as const;

async function refusal(call: () => unknown): Promise<string> {
  const error = await assertRejects(async () => await call(), CapsuleError);
  assertEquals(error.code, "invalid_argument");
  return error.message;
}

for (const [name, value] of Object.entries(EXOTIC)) {
  Deno.test(`${name} is no limits, budget, grants or secrets`, async () => {
    for (const option of ["limits", "budget", "grants", "secrets"]) {
      for (const isolation of ["sandbox", "process"]) {
        const options = { ...PROGRAM, isolation, [option]: value } as RunOptions;
        for (const call of [run, open]) {
          const message = await refusal(() => call(options));
          assertStringIncludes(message, `${option}: `);
          assertStringIncludes(message, "must be a plain object");
        }
      }
    }
    const grants = { allowedFiles: [value] } as RunOptions["grants"];
    assertStringIncludes(
      await refusal(() => run({ ...PROGRAM, grants: grants! })),
      "must be a folder or",
    );
    const secrets = { KEY: value } as RunOptions["secrets"];
    assertStringIncludes(
      await refusal(() => run({ ...PROGRAM, secrets: secrets! })),
      "secrets.KEY: must be a plain object",
    );
  });
}

Deno.test("options of a call that nobody awaited are refused", async () => {
  for (const isolation of ["sandbox", "process"] as const) {
    await using program = await open({ ...PROGRAM, isolation });
    for (const options of [Promise.resolve({ limits: {} }), new Map([["limits", {}]])]) {
      const message = await refusal(() => program.call("main", [], options as object));
      assertStringIncludes(message, "must be called with an object");
    }
    const { error } = await program.call("main", [], { limits: { compute: 1 } });
    assertEquals(error?.error_type, "fuel_exhausted");
  }
});

Deno.test("variables, keywords, listeners and signals are what they have to be", async () => {
  const map = new Map([["HOME", "fake"]]);
  const wrong: [options: object, says: string][] = [
    [{ env: map }, "env: must be an object of strings"],
    [{ env: Promise.resolve({ HOME: "fake" }) }, "env: must be an object of strings"],
    [{ kwargs: map }, "kwargs: must be a plain object (got {})"],
    [{ kwargs: Promise.resolve({ x: 1 }) }, "kwargs: must be a plain object (got {})"],
    [{ kwargs: [1] }, "kwargs: must be a plain object (got [1])"],
    [{ onEvent: 5 }, "onEvent: must be a function (got 5)"],
    [{ signal: new AbortController() }, "signal: must be an AbortSignal"],
  ];
  for (const isolation of ["sandbox", "process"] as const) {
    await using program = await open({ ...PROGRAM, isolation });
    for (const [options, says] of wrong) {
      const given = { ...PROGRAM, isolation, ...options } as RunOptions;
      assertStringIncludes(await refusal(() => run(given)), says);
      if ("env" in options) continue;
      assertStringIncludes(await refusal(() => program.call("main", [], options)), says);
    }
  }
});

Deno.test("a folder whose mode is inherited is not granted for writing", async () => {
  const folder = Object.assign(Object.create({ mode: "ro" }), { path: "/tmp" });
  const grants = { allowedFiles: [folder] };
  assertStringIncludes(await refusal(() => run({ ...PROGRAM, grants })), "must be a folder or");
});

Deno.test("objects without a prototype are plain", async () => {
  const limits = Object.assign(Object.create(null), { compute: 1 });
  const { error } = await run({ ...PROGRAM, limits });
  assertEquals(error?.error_type, "fuel_exhausted");
});
