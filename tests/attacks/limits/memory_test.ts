/** Guests that take all the memory they can, their own and the host's. */
import { assertEquals, assertMatch, assertRejects, assertTrue } from "../../support/assert.ts";
import { attack, type Language, LANGUAGES } from "../attack.ts";
import { project } from "../../support/support.ts";
import { CapsuleError, open } from "@capsule/sdk/runner";

interface Taken {
  /** What the task does, in each language. */
  code: Partial<Record<Language, string>>;
  options?: Record<string, string | number>;
  error: string;
  says: RegExp;
}

const MEMORY: Record<string, Taken> = {
  "growth past ram, bit by bit": {
    code: {
      typescript: "const kept = []; for (;;) kept.push(new Uint8Array(1 << 20).fill(1));",
      python: "kept = []\n    while True: kept.append(bytearray(b'x') * (1 << 20))",
    },
    options: { ram: "96MB" },
    error: "memory_limit",
    says: /wanted \d+ bytes of memory and may use 100663296: raise ram/,
  },
  "growth past ram, at once": {
    code: {
      typescript: "return new ArrayBuffer(2 ** 30).byteLength;",
      python: "return len(bytearray(2 ** 30))",
    },
    options: { ram: "96MB" },
    error: "memory_limit",
    says: /may use 100663296/,
  },
  "growth of texts": {
    code: {
      typescript: 'const kept = []; for (let n = 0;; n++) kept.push("x".repeat(1 << 20) + n);',
      python: "text = 'x'\n    while True: text += text + '!'",
    },
    options: { ram: "96MB" },
    error: "memory_limit",
    says: /may use 100663296/,
  },
  "memory that the engine takes before it begins": {
    code: { typescript: "return 1;", python: "return 1" },
    options: { ram: "2MB" },
    error: "memory_limit",
    says: /may use 2097152 bytes .* needs \d+ before it does anything: raise ram/,
  },
  "text of 130 MiB for the host": {
    code: {
      typescript: `const host = await (0, eval)('import("capsule:host/operations@1.0.0")');
        host.start("call", { json: "x".repeat(130 << 20), bytes: new Uint8Array() });`,
      python: `from wit_world.imports import operations
    from wit_world.imports.operations import Payload
    operations.start("call", Payload("x" * (130 << 20), b""))`,
    },
    error: "resource_limit",
    says: /passed more than 134217728 bytes to the host at once/,
  },
  "bytes of 130 MiB for the host": {
    code: {
      typescript: `const host = await (0, eval)('import("capsule:host/operations@1.0.0")');
        host.write(1, new Uint8Array(130 << 20));`,
      python: `from wit_world.imports import operations
    operations.write(1, bytes(130 << 20))`,
    },
    error: "resource_limit",
    says: /passed more than 134217728 bytes to the host at once/,
  },
  "a result of 100 MB": {
    code: {
      typescript: 'return "x".repeat(100e6);',
      python: "return 'x' * 100_000_000",
    },
    error: "output_limit",
    says: /returned 100000002 bytes of JSON, more than 67108864/,
  },
  "an error of 1 MB": {
    code: {
      typescript: 'throw new Error("x".repeat(1e6));',
      python: "raise ValueError('x' * 1_000_000)",
    },
    error: "task_error",
    says: /^(Value)?Error: x{16000,17000}… \(\d+ (bytes|characters) more\)$/,
  },
  "a result that is nested 513 deep": {
    code: {
      typescript: "let a: unknown = 0; for (let i = 0; i < 513; i++) a = [a]; return a;",
      python: "a = 0\n    for _ in range(513): a = [a]\n    return a",
    },
    error: "invalid_result",
    says: /nested 513 levels deep, more than 512/,
  },
  "a result that is nested 2,000 deep": {
    code: {
      typescript: "let a: unknown = 0; for (let i = 0; i < 2000; i++) a = [a]; return a;",
      python: "a = 0\n    for _ in range(2000): a = [a]\n    return a",
    },
    error: "invalid_result",
    says: /nested 2000 levels deep, more than 512/,
  },
  // Too deep for the language to write it at all.
  "a result that is nested 100,000 deep": {
    code: {
      typescript: "let a: unknown = 0; for (let i = 0; i < 1e5; i++) a = [a]; return a;",
      python: "a = 0\n    for _ in range(10**5): a = [a]\n    return a",
    },
    error: "stack_overflow",
    says: /called functions too deeply/,
  },
};

for (const language of LANGUAGES) {
  for (const [what, { code, options = {}, error, says }] of Object.entries(MEMORY)) {
    Deno.test(`${language}: ${what} is ${error}`, async () => {
      const envelope = await attack({
        language,
        code: program(language, options, code[language]!),
      });
      assertEquals(envelope.error?.error_type, error, envelope.error?.message);
      assertMatch(envelope.error!.message, says);
      assertTrue(envelope.execution.ram_used < 1 << 30, `${envelope.execution.ram_used} bytes`);
    });
  }

  Deno.test(`${language}: arguments over the limit fail only their call`, async () => {
    using folder = project({ "capsule.toml": '[budget]\njson_size = "1MB"' });
    const body = {
      typescript: 'const { error } = await child("x".repeat(2e6)); return error;',
      python: 'return child("x" * 2_000_000)["error"]',
    }[language];
    const { result, error } = await attack({ language, code: program(language, {}, body), folder });
    assertEquals(error, null);
    const { error_type, message } = result as { error_type: string; message: string };
    assertEquals(error_type, "resource_limit");
    assertMatch(
      message,
      /^the arguments of "child" are 20000\d\d bytes of JSON, more than 1048576$/,
    );
  });

  Deno.test(`${language}: top-level code is limited to a gigabyte, whatever the options`, async () => {
    const fills = {
      typescript: "const kept = new ArrayBuffer(2 ** 30);",
      python: "kept = bytearray(2 ** 30)",
    }[language];
    const code = `${program(language, {}, "return 1")}\n${fills}`;
    const error = await assertRejects(() => open({ language, code }), CapsuleError);
    assertEquals(error.code, "invalid_program");
    assertMatch(
      error.message,
      /top-level code wanted \d+ bytes of memory and may use 1073741824: do this inside a task/,
    );
  });

  Deno.test(`${language}: random bytes are limited for each request`, async () => {
    const body = {
      typescript: `const host = await (0, eval)('import("capsule:host/operations@1.0.0")');
        const ways = [
          () => crypto.getRandomValues(new Uint8Array(1 << 26)),
          () => host.random(1 << 30),
        ];
        return ways.map((way) => { try { return way(); } catch (error) { return String(error); } });`,
      python: `from wit_world.imports import operations
    from componentize_py_types import Err
    try: return [operations.random(1 << 30), ""]
    except Err as error: return ["At most 65536", str(error.value)]`,
    }[language];
    const { result, error } = await attack({ language, code: program(language, {}, body) });
    assertEquals(error, null);
    for (const told of result as string[]) assertMatch(told, /[Aa]t most 65536/);
  });
}

function program(
  language: Language,
  options: Record<string, string | number>,
  body: string,
): string {
  const all: Record<string, string | number> = { name: "main", compute: "HIGH", ...options };
  if (language === "typescript") {
    return `import { task } from "@capsule/sdk";
const child = task({ name: "child" }, (x) => 1);
task(${JSON.stringify(all)}, async () => { ${body} });`;
  }
  const keywords = Object.entries(all).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return `from capsule import task
@task
def child(x): return 1
@task(${keywords.join(", ")})
def main():
    ${body}`;
}
