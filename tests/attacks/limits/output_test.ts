/** Guests that print without end, and bytes that are no text. */
import {
  assertEquals,
  assertMatch,
  assertStringIncludes,
  assertTrue,
} from "../../support/assert.ts";
import { CACHE, cli, onTerminal, project, ROOT, warmEngines } from "../../support/support.ts";
import { attack, type Language, LANGUAGES } from "../attack.ts";
import { open } from "@capsule/sdk/runner";

const LIMIT = 64 << 20;
const MARK = "\n[output cut: the limit is reached]\n";

/** Each prints 10 GB, if it is let. */
const FLOODS: Record<Language, Record<string, string>> = {
  typescript: {
    stdout: 'const text = "x".repeat(1 << 20); for (let i = 0; i < 1e4; i++) print(1, text);',
    stderr: 'const text = "x".repeat(1 << 20); for (let i = 0; i < 1e4; i++) print(2, text);',
  },
  python: {
    stdout: "for _ in range(10**4): sys.stdout.write('x' * (1 << 20))",
    stderr: "for _ in range(10**4): sys.stderr.write('x' * (1 << 20))",
  },
};

for (const language of LANGUAGES) {
  for (const stream of ["stdout", "stderr"] as const) {
    Deno.test(`${language}: 10 GB on ${stream} end at the limit, and the cut is marked`, async () => {
      const code = program(language, FLOODS[language][stream]!);
      let bytes = 0;
      let end = "";
      await using opened = await open({ language, code });
      const { error } = await opened.call("main", [], {
        onEvent(event) {
          if (event.type !== "output" || event.stream !== stream) return;
          bytes += event.data.length;
          end = (end + new TextDecoder().decode(event.data)).slice(-100);
        },
      });
      assertEquals(error?.error_type, "output_limit", error?.message);
      assertMatch(
        error!.message,
        /wrote more than 67108864 bytes to its output, which was cut there/,
      );
      assertEquals(bytes, LIMIT + MARK.length);
      assertTrue(end.endsWith(`xxx${MARK}`), end);
    });
  }

  Deno.test(`${language}: endless writes of nothing, and of single bytes, use up their fuel`, async () => {
    for (const text of ["", "x"]) {
      const body = {
        typescript: `for (;;) print(1, "${text}");`,
        python: `while True: operations.write(1, b"${text}")`,
      }[language];
      const { error } = await attack({ language, code: program(language, body, 50_000_000) });
      assertEquals(error?.error_type, "fuel_exhausted", error?.message);
    }
  });

  Deno.test(`${language}: both streams and all attempts share one limit`, async () => {
    using folder = project({ "capsule.toml": '[budget]\noutput_size = "10KB"' });
    const body = {
      typescript:
        'print(1, "o".repeat(3000)); print(2, "e".repeat(3000)); throw new Error("again");',
      python:
        "sys.stdout.write('o' * 3000); sys.stderr.write('e' * 3000); raise ValueError('again')",
    }[language];
    let bytes = 0;
    const code = program(language, body).replace('HIGH"', 'HIGH", "maxRetries": 5')
      .replace('"HIGH", "maxRetries": 5)', '"HIGH", max_retries=5)');
    const options = { cwd: folder.path, policy: "declared" } as const;
    await using opened = await open({ language, code, ...options });
    const { error, execution } = await opened.call("main", [], {
      onEvent: (event) => bytes += event.type === "output" ? event.data.length : 0,
    });
    assertEquals([error?.error_type, execution.retries], ["output_limit", 5]);
    assertTrue(bytes >= 10 << 10 && bytes < 11 << 10, `${bytes} bytes`);
  });
}

Deno.test("a host that does not read blocks guests that print, in large or small parts", async () => {
  const floods = [FLOODS.python.stdout!, "while True: operations.write(1, b'x')"];
  for (const flood of floods) {
    const code = program("python", flood).replace('"HIGH"', '"HIGH", timeout="300ms"');
    await using opened = await open({ language: "python", code });
    let bytes = 0;
    let events = 0;
    const { error, execution } = await opened.call("main", [], {
      onEvent(event) {
        if (event.type !== "output") return;
        // Longer than the task may take.
        if (bytes === 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
        bytes += event.data.length;
        events++;
      },
    });
    assertEquals(error?.error_type, "timeout", error?.message);
    assertTrue(execution.duration_ms < 450, `${execution.duration_ms} ms`);
    assertTrue(bytes < 20 << 20 && events < 40_000, `${bytes} bytes in ${events} parts`);
  }
});

const RAW: Record<string, string> = {
  "main.py": `import sys
def main():
    for part in (b"a\\xff\\xfe", b"\\xc3", b"\\xa9|\\xe2\\x82", b"|\\xed\\xa0\\x80|\\xf0\\x9f\\x98", b"\\x80|\\0\\x1b]0;t\\x07\\r\\xc3"):
        sys.stdout.buffer.write(part)
        sys.stdout.flush()`,
  "main.ts": `import { task } from "@capsule/sdk";
    task({ name: "main" }, async () => {
      const host = await (0, eval)('import("capsule:host/operations@1.0.0")');
      const parts = [[97, 255, 254], [0xc3], [0xa9, 124, 0xe2, 0x82], [124, 0xed, 0xa0, 0x80, 124, 0xf0, 0x9f, 0x98],
        [0x80, 124, 0, 27, 93, 48, 59, 116, 7, 13, 0xc3]];
      for (const part of parts) host.write(1, Uint8Array.from(part));
    });`,
};

Deno.test("bytes that are not UTF-8 pass unchanged, and are escaped on a terminal", async () => {
  await warmEngines();
  using folder = project(RAW);
  const command =
    `"${Deno.execPath()}" run -A --no-check --quiet --config="${ROOT}deno.json" "${ROOT}cli.ts" run`;
  for (const file of Object.keys(RAW)) {
    const { stdout } = await new Deno.Command("sh", {
      args: ["-c", `${command} ${file}`],
      cwd: folder.path,
      env: { CAPSULE_CACHE_DIR: CACHE },
    }).output();
    assertEquals(Array.from(stdout, (byte) => byte.toString(16).padStart(2, "0")).join(""), BYTES);
    const [shown, summary] = (await onTerminal(`${command} ${file}`, folder.path)).split("\r\n");
    assertEquals(
      shown,
      "a\\xff\\xfeé|\\xe2\\x82|\\xed\\xa0\\x80|😀|\\x00\\x1b]0;t\\x07\\r\\xc3",
    );
    assertStringIncludes(summary!, "✔ main: ");
  }
  // Nothing of it can break the JSON.
  const { stdout } = await cli(["run", "main.py", "--json"], { cwd: folder.path });
  assertEquals(JSON.parse(stdout).success, true);
});

const BYTES = "61fffec3a97ce2827ceda0807cf09f98807c001b5d303b74070dc3";

function program(language: Language, body: string, compute: number | "HIGH" = "HIGH"): string {
  return language === "typescript"
    ? `import { task } from "@capsule/sdk";
task({ name: "main", "compute": ${JSON.stringify(compute)} }, async () => {
  const host = await (0, eval)('import("capsule:host/operations@1.0.0")');
  const print = (to: number, text: string) => host.write(to, host.encode(text));
  ${body}
});`
    : `import sys
from capsule import task
from wit_world.imports import operations
@task(compute=${JSON.stringify(compute)})
def main():
    ${body}`;
}
