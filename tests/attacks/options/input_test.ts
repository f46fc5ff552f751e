/** Files, options and arguments that are broken, or made to mean something else on their way. */
import {
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertTrue,
} from "../../support/assert.ts";
import { assembled, partsOf } from "../../support/components.ts";
import { decodeComponent, encodeComponent } from "../../../compiler/component/component.ts";
import { engineSources } from "../../../install/installation.ts";
import { readConfig } from "../../../runner/config/config.ts";
import {
  CACHE,
  cli,
  project,
  ROOT,
  runOrThrow as run,
  startCli,
  warmEngines,
} from "../../support/support.ts";
import { CapsuleError, open } from "@capsule/sdk/runner";

await warmEngines();

const encoder = new TextEncoder();

/** A thin component of a program, as its author would make it. */
function component(): Uint8Array {
  const files = [{ path: "main.py", data: encoder.encode("def main(): return 1") }];
  const engine = engineSources().python;
  return encodeComponent({ language: "python", name: "main.py", files }, { engine });
}

Deno.test("damaged, core and foreign wasm is an error that names the file, never a crash", async () => {
  const whole = component();
  const core = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
  const files: Record<string, Uint8Array> = {
    "empty.wasm": new Uint8Array(0),
    "text.wasm": encoder.encode("(module)"),
    "core.wasm": core,
    "cut.wasm": whole.subarray(0, whole.length / 2),
    "noise.wasm": crypto.getRandomValues(new Uint8Array(5000)),
    "noisy_component.wasm": Uint8Array.from([...whole.subarray(0, 8), ...whole.subarray(20)]),
    "empty_component.wasm": whole.slice(0, 8),
  };
  using folder = project();
  for (const [file, content] of Object.entries(files)) {
    folder.write(file, content);
    const { error } = await run({ file, cwd: folder.path });
    assertEquals(error?.error_type, "invalid_module", file);
    assertStringIncludes(error!.message, file);
    for (const [command, expected] of [["run", 2], ["exec", 1]] as const) {
      const { status, stdout, stderr } = await cli([command, file], { cwd: folder.path });
      const said = [status, stdout, stderr.includes("fault of Capsule")];
      assertEquals(said, [expected, "", false], stderr);
    }
  }
  // Under another name it is no program of a language either.
  for (const name of ["core.ts", "core.py"]) {
    folder.write(name, core);
    const error = await assertRejects(() => run({ file: name, cwd: folder.path }), CapsuleError);
    assertTrue(error.code === "invalid_program", error.message);
    assertStringIncludes(error.message, name);
  }
});

Deno.test("a component with a changed byte or a false header is read or refused, never a crash", () => {
  const whole = component();
  assertTrue("program" in decodeComponent(whole), "the whole one is read");
  for (let index = 0; index < whole.length; index++) {
    for (const mask of [1, 0x80, 0xff]) {
      const changed = whole.slice();
      changed[index]! ^= mask;
      decodeComponent(changed);
    }
  }
  const parts = partsOf(whole);
  const header = {
    ...{ format: 3, world: 1, capsule: "0.1.0", kind: "thin", language: "python", engine: "0" },
    ...{ name: "x", files: [{ path: "x", bytes: 20 }], source_map_bytes: 0 },
  };
  const read = (text: string) =>
    "program" in decodeComponent(assembled({ ...parts, header: text }));
  assertTrue(read(JSON.stringify(header)), "an honest header is read");
  const file = (bytes: unknown) => ({ files: [{ path: "x", bytes }] });
  const lies = [
    ...[{ files: 5 }, { files: [] }, { format: 1 }, { world: 2 }, { kind: "full" }, { kind: 5 }],
    ...[{ language: "ruby" }, { name: null }, { source_map_bytes: 1e9 }, { source_map_bytes: "1" }],
    ...[1e9, 2 ** 53, -1, 1.5, null, "20", 19].map(file),
    ...[{ packages: 5 }, { packages: [{ guest: 5, files: [] }] }, { declarations: [] }],
  ];
  for (const lie of lies) {
    assertTrue(!read(JSON.stringify({ ...header, ...lie })), JSON.stringify(lie));
  }
  for (const text of ["", "{", "null", "5", "[]", '"x"', "{}", "[".repeat(1e5), "\xff"]) {
    assertTrue(!read(text), text.slice(0, 10));
  }
});

/** What stands in `capsule.toml`, and what is said of it. */
const CONFIGS: [content: string | Uint8Array, says: string][] = [
  ['[tasks]\ndefault_ram = "1.5.2GB"', "capsule.toml:2: tasks.default_ram: must be a size"],
  ["[tasks]\ndefault_ram = 99999999999999999999", "capsule.toml:2"],
  ["[tasks]\ndefault_ram = 4294967297", "capsule.toml:2: tasks.default_ram: "],
  ["[tasks]\ndefault_ram = -1", "capsule.toml:2: tasks.default_ram: must be more than 0"],
  ["[tasks]\ndefault_ram = inf", "capsule.toml:2: tasks.default_ram: "],
  ["[tasks]\ndefault_compute = nan", "capsule.toml:2: tasks.default_compute: "],
  ["[tasks]\ndefault_compute = 9223372036854775807", "capsule.toml:2"],
  ["[tasks]\ndefault_timeout = 2026-01-01", "capsule.toml:2: tasks.default_timeout: "],
  ["[tasks]\ndefault_timeout = '99999999h'", "capsule.toml:2: tasks.default_timeout: "],
  [
    "[tasks]\ndefault_max_retries = 101",
    "capsule.toml:2: tasks.default_max_retries: must be a whole number",
  ],
  ["[tasks]\ndefault_env_variables = ['*']", "capsule.toml:2: tasks.default_env_variables[0]: "],
  ["[tasks]\n__proto__ = 1", "__proto__"],
  ["[__proto__]\nx = 1", "__proto__"],
  ["[tasks]\nconstructor.x = 1", "capsule.toml:2: tasks.constructor: unknown key"],
  ["[tasks]\ndefault_compute = 1\ndefault_compute = 2", "capsule.toml:3"],
  ["[budget]\ntasks = 0", "capsule.toml:2: budget.tasks: must be a whole number"],
  ["[workflow]\nentrypoint = '''a\n\0b'''", "capsule.toml:"],
  [Uint8Array.of(0xff, 0xfe, 0x5b), "capsule.toml"],
  [`x = ${"[".repeat(100_000)}`, "capsule.toml"],
  [`x = ${"{a=".repeat(100_000)}`, "capsule.toml"],
  [`${"a.".repeat(100_000)}a = 1`, "capsule.toml"],
];

Deno.test("an error in capsule.toml has its place, and no default replaces the value", async () => {
  for (const [content, says] of CONFIGS) {
    using folder = project({ "main.py": "def main(): return 1" });
    folder.write("capsule.toml", content);
    const error = await assertRejects(() => readConfig(folder.path));
    assertTrue(error instanceof CapsuleError, `${error.stack} ${content.slice(0, 50)}`);
    assertStringIncludes(error.message, says);
    assertEquals((error as CapsuleError).code, "invalid_config", error.message);
    await assertRejects(() => open({ file: "main.py", cwd: folder.path }), CapsuleError);
  }
});

/** What a name of a file may hold. */
const NAMES = [
  `quote"s'and\`more`,
  "new\nline",
  "$(touch owned) ; touch owned & x",
  '"; globalThis.owned = 1; "',
  "--outfile=owned",
  "-",
  " ",
  "%s%n#?&=x",
  "ünïcödé 😀",
  "__proto__",
];

Deno.test("quotes, newlines and options in file names are plain names", async () => {
  for (const stem of NAMES) {
    using folder = project();
    for (const [ending, code] of Object.entries(FAILS)) {
      const file = `${stem}${ending}`;
      folder.write(file, code);
      const { error } = await run({ file: `./${file}`, cwd: folder.path });
      assertEquals(error?.message, `${ending === ".py" ? "ValueError" : "Error"}: no`, file);
      assertStringIncludes(error!.stack!, ending === ".py" ? `File "${file}"` : `(${file}:3:`);
      const shown = await cli(["run", `./${file}`], { cwd: folder.path });
      assertEquals([shown.status, shown.stdout], [1, ""], shown.stderr);
    }
    const left = Array.from(Deno.readDirSync(folder.path), ({ name }) => name).sort();
    assertEquals(left, [".capsule", `${stem}.py`, `${stem}.ts`].sort());
  }
});

const FAILS = {
  ".ts": `import { task } from "@capsule/sdk";\ntask({ name: "main" }, () => {
  throw new Error(globalThis.owned ?? "no");\n});`,
  ".py": `from capsule import task\n@task\ndef main():\n    raise ValueError("no")`,
};

Deno.test("arguments are always text", async () => {
  using folder = project({ "show.py": "def main(*args): return list(args)" });
  const given = ["", " ", "-", "'\"`$(x)\n", "%s", "{}", "null", "\u001b[31m", "😀"];
  const { stdout } = await cli(["run", "show.py", "--json", ...given], { cwd: folder.path });
  assertEquals(JSON.parse(stdout).result, given);
  const options = ["--json", "-v", "--help", "--", "--cwd=/", "-h"];
  const behind = await cli(["run", "show.py", "--", ...options], { cwd: folder.path });
  assertEquals(JSON.parse(behind.stdout), options);
});

const SDK = `import { task } from "@capsule/sdk"; `;

Deno.test("arguments, names and programs that are not UTF-8 are refused or escaped, never a crash", async () => {
  using folder = project({ "show.py": "def main(*args): return list(args)" });
  const command = [`"$0" run -A --no-check --quiet --config="$1/deno.json" "$1/cli.ts" run`];
  for (
    const rest of [
      "show.py $(printf 'a\\377b')",
      "$(printf 'a\\377b.py')",
      "--cwd $(printf '\\377') show.py",
    ]
  ) {
    const { code, stderr } = await new Deno.Command("sh", {
      args: ["-c", `${command} ${rest}`, Deno.execPath(), ROOT],
      cwd: folder.path,
      env: { CAPSULE_CACHE_DIR: CACHE, NO_COLOR: "1" },
    }).output();
    const told = new TextDecoder().decode(stderr);
    assertTrue(code === 0 || code === 2, `${rest}: ${code} ${told}`);
    assertEquals(/fault of Capsule|panicked|RUST_BACKTRACE/.test(told), false, told);
  }
  for (
    const [file, content] of [["bytes.py", 'x = "'], [
      "bytes.ts",
      `${SDK}const x = task + "`,
    ]] as const
  ) {
    folder.write(file, Uint8Array.from([...encoder.encode(content), 0xff, 0x22, 0x0a]));
    const { status, stderr } = await cli(["run", file], { cwd: folder.path });
    assertEquals([status, stderr.includes("fault of Capsule")], [1, false], stderr);
    assertStringIncludes(stderr, file);
  }
});

Deno.test("standard input without an end is refused, and is not held until memory is full", async () => {
  using folder = project({ "main.py": "def main(*texts): return len(texts)" });
  for (const args of [["main.py", "--stdin", "-"], ["main.py", "--args-file=-"]]) {
    const child = startCli(["run", ...args], { cwd: folder.path });
    const writer = child.stdin.getWriter();
    const part = new Uint8Array(1 << 20).fill(0x79);
    // Until nobody reads any more: 2 GB at most.
    for (let parts = 0; parts < 2048; parts++) await writer.write(part).catch(() => parts = 2048);
    await writer.abort().catch(() => {});
    const { code, stderr } = await child.output();
    assertEquals(code, 2);
    assertStringIncludes(new TextDecoder().decode(stderr), "standard input has more than 256 MB");
  }
});
