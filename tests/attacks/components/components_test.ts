/** Components of strangers: what is not the engine of this Capsule, byte for byte, is refused before it is read. */
import process from "node:process";
import { assertEquals, assertMatch, assertTrue } from "../../support/assert.ts";
import { assembled, partsOf, sealed, section, withHeader } from "../../support/components.ts";
import {
  CACHE,
  type Project,
  project,
  ROOT,
  runOrThrow as run,
  warmEngines,
} from "../../support/support.ts";
import { encodeComponent } from "../../../compiler/component/component.ts";
import { engineSources } from "../../../install/installation.ts";
import { build } from "../../../runner/build.ts";
import { CapsuleError, open } from "@capsule/sdk/runner";
import type { Told } from "./components_child.ts";

await warmEngines();

const PREAMBLE = Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0);
const DECLARATIONS = JSON.stringify({ tasks: [{ name: "main", options: {} }] });
/** Of host work. The machine may be busy with something else: time of its processors counts. */
const CPU_MS_AT_MOST = 50;
const GROWN_BYTES_AT_MOST = 100 << 20;

/** What is said of one whose sections are right. */
const HONEST = /^invalid_module: .*its code is not that of the python engine/;

/** What such a component says of itself, so that it gets as far as it can. */
function wrapped(engine: Uint8Array): Uint8Array {
  return encodeComponent({ language: "python", name: "main.py", files: [] }, {
    engine: engineSources().python,
    full: engine,
    declarations: DECLARATIONS,
  });
}

function concat(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** A component in a component, and so on. */
function nested(depth: number): Uint8Array {
  let bytes = [...PREAMBLE];
  // Built from the inside: what stands before each one, backwards.
  const before: number[] = [];
  for (let length = bytes.length; depth > 0; depth--) {
    const prefix = [...PREAMBLE, ...section("", 4, length)];
    before.push(...prefix.reverse());
    length += prefix.length;
  }
  bytes = [...before.reverse(), ...bytes];
  return Uint8Array.from(bytes);
}

/** The attacks that once got through, and others like them. */
function hostile(): Record<string, Uint8Array> {
  const found: Record<string, Uint8Array> = {};
  for (const { name } of Deno.readDirSync(`${ROOT}tests/contract/programs`)) {
    if (!name.startsWith("hostile_")) continue;
    const component = Deno.readFileSync(`${ROOT}tests/contract/programs/${name}`);
    const text = new TextDecoder("latin1").decode(component);
    found[`old_${name}`] = component;
    // The section's identifier, its size in two bytes, and the length of its name stand before that.
    found[name] = wrapped(component.subarray(0, text.lastIndexOf("capsule:program") - 4));
  }
  assertEquals(Object.keys(found).length, 20);
  const many = (id: number, count: number, content: number[]) =>
    concat(
      PREAMBLE,
      section("", id, 3 + count * content.length),
      Uint8Array.of(
        ...[(count & 0x7f) | 0x80, (count >> 7 & 0x7f) | 0x80, count >> 14],
        ...Array.from({ length: count }, () => content).flat(),
      ),
    );
  return {
    ...found,
    "nested.wasm": wrapped(nested(7000)),
    "instances.wasm": wrapped(many(2, 28_000, [1, 0, 0])),
    "types.wasm": wrapped(many(7, 40_000, [0x70, 0x7f])),
    "sections.wasm": wrapped(concat(PREAMBLE, new Uint8Array(84_000).fill(1))),
    "no_engine.wasm": wrapped(PREAMBLE),
    "nothing.wasm": wrapped(new Uint8Array(0)),
  };
}

/** Opens components in a process of their own. */
async function tell(
  folder: Project,
  files: string[],
  isolation: "sandbox" | "process",
): Promise<Told[]> {
  folder.write("warm.ts", 'import { task } from "@capsule/sdk"; task({ name: "main" }, () => 1);');
  folder.write("warm.py", "def main(): return 1");
  const { path: component } = await build({ file: "warm.py", cwd: folder.path });
  const script = `${ROOT}tests/attacks/components/components_child.ts`;
  const { stdout, stderr, code } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", "--quiet", `--config=${ROOT}deno.json`, script],
      ...[isolation, `warm.ts,warm.py,${component}`, ...files],
    ],
    cwd: folder.path,
    env: { CAPSULE_CACHE_DIR: CACHE },
  }).output();
  const lines = new TextDecoder().decode(stdout).trimEnd().split("\n");
  assertEquals([code, lines.length], [0, files.length], new TextDecoder().decode(stderr));
  return lines.map((line) => JSON.parse(line));
}

Deno.test("a component of other code is refused at once, whatever it says of itself", async () => {
  using folder = project();
  const components = hostile();
  for (const [file, bytes] of Object.entries(components)) folder.write(file, bytes);
  const files = Object.keys(components);
  for (const isolation of ["sandbox", "process"] as const) {
    for (const [index, told] of (await tell(folder, files, isolation)).entries()) {
      const file = files[index]!;
      assertEquals(told.code, "invalid_module", `${file}: ${told.message}`);
      assertMatch(
        told.message,
        file.startsWith("old_")
          ? /^Cannot run "old_.*cut off, or not a component that this version of capsule build/
          : /^Cannot run "\w+\.wasm": its code is not that of the python engine.*: build it again|sections are damaged|no WebAssembly/,
      );
      assertTrue(told.cpuMs < CPU_MS_AT_MOST, `${file}: ${told.cpuMs} ms`);
      assertTrue(told.grownBytes < GROWN_BYTES_AT_MOST, `${file}: ${told.grownBytes} bytes`);
    }
  }
});

Deno.test("a large file is refused as soon as a small one", async () => {
  using folder = project();
  const size = 900 << 20;
  const files = ["sparse.wasm", "sparse_sealed.wasm", "over.wasm"];
  for (const file of files) {
    using made = Deno.openSync(folder.write(file, PREAMBLE), { write: true });
    made.truncateSync(file === "over.wasm" ? 2 ** 30 + 1 : size);
    if (file !== "sparse_sealed.wasm") continue;
    // All but its digest, which takes a second to compute, is right.
    const tail = wrapped(PREAMBLE).slice(PREAMBLE.length);
    const view = new DataView(tail.buffer, tail.length - 40);
    for (const at of [0, 4]) view.setUint32(at, view.getUint32(at, true) + size - 8, true);
    made.seekSync(size, Deno.SeekMode.Start);
    made.writeSync(tail);
  }
  for (const [index, told] of (await tell(folder, files, "sandbox")).entries()) {
    assertEquals(told.code, "invalid_module", told.message);
    assertTrue(told.cpuMs < CPU_MS_AT_MOST, `${files[index]}: ${told.cpuMs} ms`);
    assertTrue(told.grownBytes < GROWN_BYTES_AT_MOST, `${files[index]}: ${told.grownBytes} bytes`);
  }
});

Deno.test("devices, pipes and folders are no components, and nobody waits for them", async () => {
  using folder = project();
  Deno.mkdirSync(`${folder.path}/folder.wasm`);
  await new Deno.Command("mkfifo", { args: [`${folder.path}/pipe.wasm`] }).output();
  Deno.symlinkSync("/dev/zero", `${folder.path}/zero.wasm`);
  for (const file of ["folder.wasm", "pipe.wasm", "zero.wasm"]) {
    const error = await open({ file, cwd: folder.path }).catch((error) => error);
    assertTrue(error instanceof CapsuleError && error.code === "file_not_found", `${error}`);
  }
});

const SOURCES = {
  "main.ts": `import { task } from "@capsule/sdk";
const texts = ["one", "two"];
task({ name: "main" }, (n) => texts[n]);`,
  "main.py": `texts = ["one", "two"]\ndef main(n): return texts[n]`,
};

/** How many bytes lie before the memory, and behind it: code. */
function shapeOf(file: keyof typeof SOURCES): { head: number; tail: number } {
  const { javascript, python } = engineSources();
  return (file === "main.ts" ? javascript : python).shape as { head: number; tail: number };
}

/** Builds a component. Returns its bytes. */
async function built(file: keyof typeof SOURCES): Promise<Uint8Array> {
  using folder = project({ [file]: SOURCES[file] });
  return Deno.readFileSync((await build({ file, cwd: folder.path })).path);
}

function assertOutcome(outcome: string, expected: RegExp, about: string): void {
  assertTrue(expected.test(outcome), `${about}: ${outcome}`);
}

async function outcomeOf(folder: Project, component: Uint8Array): Promise<string> {
  folder.write("main.wasm", component);
  const { error, result } = await run({ file: "main.wasm", cwd: folder.path, args: [1] });
  return error ? `${error.error_type}: ${error.message}` : `${result}`;
}

for (const file of ["main.ts", "main.py"] as const) {
  Deno.test(`${file}: a component with another byte of code, sealed again, does not run`, async () => {
    using folder = project();
    const whole = await built(file);
    assertEquals(await outcomeOf(folder, whole), "two");
    const { engine } = partsOf(whole);
    const flipped = (at: number) => {
      const copy = whole.slice();
      copy[at]! ^= 1;
      return sealed(copy);
    };
    const { head, tail } = shapeOf(file);
    const places = [4, 6, 9, 20, 500, 5_000, head - 1, engine.length - tail, engine.length - 1];
    for (let left = 10; left > 0; left--) places.push(Math.floor(Math.random() * head));
    for (const at of places) {
      assertOutcome(await outcomeOf(folder, flipped(at)), /^invalid_module: /, `byte ${at}`);
    }
    // Not sealed again, it has the digest of one that ran.
    for (const at of [5_000, engine.length >> 1, engine.length - 9, engine.length + 200]) {
      const copy = whole.slice();
      copy[at]! ^= 1;
      assertMatch(await outcomeOf(folder, copy), /^invalid_module: /);
    }
    const parts = partsOf(whole);
    for (
      const other of [
        concat(PREAMBLE),
        engine.subarray(0, engine.length - 1),
        engine.subarray(0, engine.length >> 1),
      ]
    ) {
      const outcome = await outcomeOf(folder, assembled({ ...parts, engine: other }));
      assertMatch(outcome, /^invalid_module: .*its code is not that of the \w+ engine/);
    }
    const longer = new Uint8Array(engine.length + 3);
    longer.set(engine);
    longer.set([0, 1, 0], engine.length);
    assertMatch(
      await outcomeOf(folder, assembled({ ...parts, engine: longer })),
      /^invalid_module: .*its code is not that of/,
    );
  });

  Deno.test(`${file}: a memory that is changed is a guest's, or refused`, async () => {
    using folder = project();
    const whole = await built(file);
    const { engine } = partsOf(whole);
    const { head, tail } = shapeOf(file);
    for (let left = 6; left > 0; left--) {
      const copy = whole.slice();
      for (let count = 20; count > 0; count--) {
        copy[head + Math.floor(Math.random() * (engine.length - head - tail))]! ^= 0x55;
      }
      folder.write("main.wasm", sealed(copy));
      const { error } = await run({
        file: "main.wasm",
        cwd: folder.path,
        args: [1],
        signal: AbortSignal.timeout(5000),
      });
      assertTrue(error?.error_type !== "internal_error", error?.message ?? "");
    }
    assertEquals(await outcomeOf(folder, whole), "two");
  });
}

Deno.test("headers that lie are refused", async () => {
  using folder = project();
  // The engine is looked at last.
  const whole = wrapped(PREAMBLE);
  assertMatch(await outcomeOf(folder, whole), HONEST);
  const parts = partsOf(whole);
  const file = (bytes: unknown) => ({ packages: [{ guest: "/x", files: [{ path: "x", bytes }] }] });
  const lies: Record<string, unknown>[] = [
    ...[1e18, -1, 0.5, "5", null, 2 ** 53].map(file),
    ...[-1, 1, 1e9, null, "0", {}].map((source_map_bytes) => ({ source_map_bytes })),
    ...["", "{", "5", "[", null, 5].map((declarations) => ({ declarations })),
    ...[null, 5, "", "\ud800"].map((name) => ({ name })).slice(0, 2),
    ...[{ kind: "thin" }, { kind: "both" }, { language: "ruby" }, { language: "javascript" }],
    ...[{ format: 2 }, { format: "3" }, { world: 0 }, { engine: "0".repeat(64) }, { engine: {} }],
    { files: [{ path: "main.py", bytes: 0 }] },
    { packages: Array.from({ length: 200 }, (_, n) => ({ guest: `/packages-${n}`, files: [] })) },
    { packages: { length: 5 } },
    { name: "x".repeat(5000) },
  ];
  for (const lie of lies) {
    const outcome = await outcomeOf(folder, withHeader(whole, lie));
    const about = JSON.stringify(lie).slice(0, 100);
    assertOutcome(outcome, /^invalid_module: (?!.*its code is not)/, about);
  }
  const texts = [
    "",
    "null",
    '"x"',
    "[".repeat(1 << 20),
    `${"[".repeat(5e5)}${"]".repeat(5e5)}`,
  ];
  for (const header of texts) {
    const outcome = await outcomeOf(folder, assembled({ ...parts, header }));
    assertOutcome(outcome, /^invalid_module: .*(?:damaged|format none)/, header.slice(0, 20));
  }
  // Where the sections begin.
  for (const [at, value] of [[0, 0], [0, 7], [0, 2 ** 32 - 1], [4, 0], [4, 2 ** 32 - 1]] as const) {
    const copy = whole.slice();
    new DataView(copy.buffer, copy.length - 40).setUint32(at, value, true);
    assertMatch(await outcomeOf(folder, sealed(copy)), /^invalid_module: .*sections are damaged/);
  }
  for (const length of [1, 33, 41, 56, 57, whole.length >> 1]) {
    const cut = whole.subarray(0, whole.length - length);
    assertMatch(await outcomeOf(folder, cut), /^invalid_module: .*cut off, or not a component/);
  }
});

Deno.test("packages of a component are bounded, and lead nowhere", async () => {
  using folder = project();
  const whole = wrapped(PREAMBLE);
  const guest = "/.capsule/packages";
  const outcome = (paths: string[], at = guest) =>
    outcomeOf(
      folder,
      withHeader(whole, {
        packages: [{ guest: at, files: paths.map((path) => ({ path, bytes: 0 })) }],
      }),
    );
  const before = process.cpuUsage();
  const many = Array.from({ length: 200_000 }, (_, n) => `${n}`);
  assertMatch(await outcome(many), /^invalid_module: /);
  assertMatch(await outcome(many.slice(0, 20_001)), /^invalid_module: /);
  assertMatch(await outcome([...many.slice(0, 19_999), "0"]), /^invalid_module: .*hold a file "0"/);
  const { user, system } = process.cpuUsage(before);
  assertTrue(user + system < 1_000_000, "they are counted, not written");
  assertMatch(await outcome(["a/b", "a/c"]), HONEST);
  const wrong = [
    ...["../x", "/x", "a/../../x", "a//b", "./x", "", ".", "..", "a/", "a\\b", "a\0b", "a\nb"],
    ...["x".repeat(1001), "x".repeat(221), "x/".repeat(40) + "x", "é".repeat(120)],
  ];
  for (const path of wrong) {
    assertOutcome(await outcome([path]), /^invalid_module: /, JSON.stringify(path).slice(0, 50));
  }
  for (const paths of [["a", "a/b"], ["a/b", "a"], ["a/b/c", "x", "a/b"], ["a", "a"]]) {
    assertOutcome(await outcome(paths), /^invalid_module: .*hold a file/, paths.join());
  }
  const deep = Array.from({ length: 19_000 }, (_, n) => `${n}/${"d/".repeat(29)}m.py`);
  assertMatch(await outcome(deep), /^invalid_module: .*more than 5000 folders/);
  assertMatch(await outcome(deep.slice(0, 160)), HONEST);
  for (const at of ["/etc", "/", "", `${guest}/../x`, `${guest}-1000`, "capsule/packages"]) {
    assertOutcome(await outcome(["x"], at), /^invalid_module: .*its packages lie at/, at);
  }
});

Deno.test("an error of a refused component says what makes one that runs", async () => {
  using folder = project();
  const other = withHeader(await built("main.ts"), { engine: "f".repeat(64), capsule: "0.0.9" });
  folder.write("other.wasm", other);
  const error = await open({ file: "other.wasm", cwd: folder.path }).catch((error) => error);
  assertEquals(error.code, "invalid_module");
  assertMatch(error.message, /needs the engine f{12} of Capsule 0\.0\.9; this Capsule \S+ has/);
  assertMatch(
    error.hint,
    /build it again: capsule build of this version makes components that run/,
  );
});

Deno.test("what another version of Capsule found out about a component is not used", async () => {
  using cache = project();
  using folder = project();
  folder.write("main.wasm", await built("main.ts"));
  const { imports } = JSON.parse(Deno.readTextFileSync(`${ROOT}deno.json`));
  folder.write("version.ts", 'export const VERSION = "99.0.0";');
  folder.write("own.json", JSON.stringify({ imports }));
  const version = { [`file://${ROOT}version.ts`]: `file://${folder.path}/version.ts` };
  folder.write("other.json", JSON.stringify({ imports: { ...imports, ...version } }));
  folder.write(
    "read.ts",
    `import { readComponent } from "file://${ROOT}compiler/component/component_file.ts";
    (await readComponent("${folder.path}/main.wasm")).keep?.();`,
  );
  const entries = async (map: string) => {
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-config", `--import-map=${folder.path}/${map}`, "read.ts"],
      cwd: folder.path,
      env: { CAPSULE_CACHE_DIR: cache.path },
    }).output();
    assertTrue(success, new TextDecoder().decode(stderr));
    return Array.from(Deno.readDirSync(`${cache.path}/programs`), ({ name }) => name).sort();
  };
  await new Promise((resolve) => setTimeout(resolve, 40));
  const own = await entries("own.json");
  assertEquals([own.length, await entries("own.json")], [1, own]);
  const both = await entries("other.json");
  assertEquals([both.length, both.includes(own[0]!)], [2, true]);
});

Deno.test("a source map that makes a long stack of a short one is not used", async () => {
  using folder = project({
    "main.ts": `import { task } from "@capsule/sdk";
      task({ name: "main" }, () => {
        const error = new Error("short");
        error.stack = "at <input>:3002:1\\n".repeat(700);
        throw error;
      });`,
  });
  const { path } = await build({ file: "main.ts", cwd: folder.path });
  const parts = partsOf(Deno.readFileSync(path));
  const made = JSON.parse(parts.header);
  const map = { version: 3, sources: ["x".repeat(1 << 20)], names: [], mappings: "AAAA" };
  const contents = new TextEncoder().encode(JSON.stringify(map));
  const header = JSON.stringify({ ...made, source_map_bytes: contents.length });
  folder.write("main.wasm", assembled({ ...parts, header, contents }));
  const { error } = await run({ file: "main.wasm", cwd: folder.path });
  assertEquals(error?.message, "Error: short");
  assertMatch(`${error?.stack}`.slice(0, 100), /^at <input>:3002:1\n/);
});
