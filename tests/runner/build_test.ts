import { assertEquals, assertMatch } from "../support/assert.ts";
import { build } from "../../runner/build.ts";
import { open } from "@capsule/sdk/runner";
import { CapsuleError } from "../../errors/error.ts";
import { assembled, partsOf, withHeader } from "../support/components.ts";
import { type Project, project, runOrThrow as run, warmEngines } from "../support/support.ts";

await warmEngines();

const TS = `
import { task } from "@capsule/sdk";
const table = Array.from({ length: 1_000_000 }, (_, index) => index);
const loaded = performance.now() + Date.now();
const half = task({ name: "half", compute: "LOW" }, (n: number) => n / 2);
export const main = task({ name: "main", compute: "HIGH", envVariables: ["HOME"] }, (n: number) => ({
  entry: table[n], loaded, now: Math.random(), half: half(n).result, home: process.env.HOME ?? null,
}));
export const fail = task({ name: "fail" }, () => { throw new Error("as it should"); });
`;
const PY = `
import os
import random
import time
from capsule import task
table = list(range(1_000_000))
loaded = time.time_ns()
@task(compute="LOW")
def half(n): return n / 2
@task(name="main", compute="HIGH", env_variables=["HOME"])
def main(n):
    return {"entry": table[n], "loaded": loaded, "now": random.random(), "half": half(n)["result"],
            "home": os.environ.get("HOME")}
@task
def fail(): raise ValueError("as it should")
`;
const PROGRAMS = [["main.ts", TS], ["main.py", PY]] as const;

/** Builds a program and moves it to a folder where nothing else is. */
async function shipped(
  file: string,
  source: string,
  { thin = false }: { thin?: boolean } = {},
): Promise<Project> {
  using folder = project({ [file]: source });
  const { path } = await build({ file, cwd: folder.path, thin });
  const target = project();
  Deno.copyFileSync(path, `${target.path}/main.wasm`);
  return target;
}

for (const [file, source] of PROGRAMS) {
  for (const thin of [false, true]) {
    const kind = thin ? "thin" : "full";

    Deno.test(`${file} runs from its ${kind} component as from source`, async () => {
      using folder = project({ [file]: source });
      const { path, bytes, tasks } = await build({ file, cwd: folder.path, thin });
      assertEquals(tasks.sort(), ["fail", "half", "main"]);
      assertEquals(Deno.statSync(path).size, bytes);
      if (thin) assertEquals(bytes < 5000, true, `${bytes}`);
      using target = project();
      Deno.copyFileSync(path, `${target.path}/moved.wasm`);
      const fromSource = await run<Answer>({ file, cwd: folder.path, args: [7] });
      const options = { file: "moved.wasm", cwd: target.path, args: [7] };
      const answers = [];
      for (let count = 0; count < 2; count++) {
        const ended = await run<Answer>(options);
        assertEquals(ended.error, null);
        answers.push(ended.result!);
      }
      assertEquals([answers[0]!.entry, answers[0]!.half], [7, 3.5]);
      assertEquals(answers[0]!.half, fromSource.result!.half);
      // Top-level code ran once, at build time; tasks draw anew.
      assertEquals(new Set(answers.map(({ loaded }) => loaded)).size, 1);
      assertEquals(new Set(answers.map(({ now }) => now)).size, 2);
      if (!thin) assertEquals(answers[0]!.loaded, fromSource.result!.loaded);
      // What tasks declare is granted only if somebody permits it.
      assertEquals(answers[0]!.home, null);
      const permitted = await run<Answer>({ ...options, policy: "declared" });
      assertEquals(permitted.result!.home, Deno.env.get("HOME"));
      const failed = await run({ ...options, task: "fail", args: [] });
      assertEquals(failed.error!.error_type, "task_error");
      assertMatch(failed.error!.stack!, file === "main.ts" ? /main\.ts:9/ : /main\.py", line 15/);
    });
  }

  Deno.test(`${file}: an unchanged program is built once`, async () => {
    using folder = project({ [file]: source });
    await new Promise((resolve) => setTimeout(resolve, 40));
    const built = await Promise.all(
      Array.from({ length: 6 }, () => build({ file, cwd: folder.path })),
    );
    assertEquals(new Set(built.map(({ path }) => path)).size, 1);
    assertEquals(built.filter(({ isKept }) => !isKept).length, 1);
    assertEquals([...Deno.readDirSync(`${folder.path}/.capsule/wit`)].length, 1);
    folder.write(file, source.replace("1_000_000", "1_000_001"));
    assertEquals((await build({ file, cwd: folder.path })).path === built[0]!.path, false);
    // Neither the bundle nor the component of the earlier version stays.
    assertEquals([...Deno.readDirSync(`${folder.path}/.capsule/wasm`)].length, 2);
  });
}

interface Answer {
  entry: number;
  loaded: number;
  now: number;
  half: number;
  home: string | null;
}

const SMALL = `import { task } from "@capsule/sdk";
const texts = ["one", "two"];
export const main = task({ name: "main", timeout: "2s" }, (n) => texts[n]);`;

Deno.test("calls of components at the same time do not meet", async () => {
  using first = await shipped("main.ts", SMALL);
  using second = await shipped("main.ts", SMALL.replace('"one"', '"uno"'));
  await using a = await open({ file: "main.wasm", cwd: first.path });
  await using b = await open({ file: "main.wasm", cwd: second.path });
  const ended = await Promise.all(
    Array.from({ length: 40 }, (_, index) => (index % 2 ? a : b).call("main", [0])),
  );
  const results = ended.map(({ result }) => result);
  assertEquals(results, Array.from({ length: 40 }, (_, index) => index % 2 ? "one" : "uno"));
});

Deno.test("what is no component of Capsule's is an invalid module", async () => {
  using folder = await shipped("main.ts", SMALL);
  using thin = await shipped("main.ts", SMALL, { thin: true });
  const component = Deno.readFileSync(`${folder.path}/main.wasm`);
  const small = Deno.readFileSync(`${thin.path}/main.wasm`);
  const flipped = component.slice();
  flipped[component.length >> 1]! ^= 1;
  const cases: [problem: RegExp, content: Uint8Array][] = [
    [/it is no WebAssembly/, new Uint8Array(0)],
    [/it is a WebAssembly module/, new TextEncoder().encode("\0asm\x01\0\0\0")],
    [/not a component that this version/, new TextEncoder().encode("\0asm\x0d\0\x01\0")],
    [/cut off, or not a component/, component.subarray(0, component.length - 1000)],
    [/it is damaged/, flipped],
    [/needs the engine 0{12} of Capsule /, withHeader(small, { engine: "0".repeat(64) })],
    [/format 9 and world 1/, withHeader(small, { format: 9 })],
    [/sections are damaged/, withHeader(small, { kind: "thi\u0000" })],
    // An engine without its program: somebody else's component with our sections.
    [
      /its code is not that of the javascript engine/,
      assembled({ ...partsOf(component), engine: component.subarray(0, 8) }),
    ],
  ];
  for (const [problem, content] of cases) {
    folder.write("bad.wasm", content);
    const options = { file: "bad.wasm", cwd: folder.path };
    const { success, result, error } = await run({ ...options, args: [0] });
    assertEquals(
      [success, result, error?.error_type],
      [false, null, "invalid_module"],
      `${problem}`,
    );
    assertMatch(error!.message, problem);
    const thrown = await open(options).catch((error) => error);
    assertEquals(thrown instanceof CapsuleError && thrown.code, "invalid_module");
  }
});

Deno.test("a program takes the packages that it can reach with it", async () => {
  const site = ".venv/lib/python3.14/site-packages";
  using folder = project({
    "main.py": `
import needed
def main():
    from importlib.resources import files
    from importlib.metadata import version
    import later
    return [needed.value(), files("needed").joinpath("data.txt").read_text(), version("Needed-One"), later.x]
`,
    ".venv/pyvenv.cfg": "version = 3.14\n",
    [`${site}/needed/__init__.py`]: "from deep import value\n",
    [`${site}/needed/data.txt`]: "its data",
    [`${site}/needed_one-1.5.dist-info/METADATA`]:
      "Name: Needed.One\nVersion: 1.5\nRequires-Dist: deep-thing (>=1)\n",
    [`${site}/needed_one-1.5.dist-info/RECORD`]:
      "needed/__init__.py,,\nneeded/data.txt,,\nneeded_one-1.5.dist-info/METADATA,,\n../../bin/x,,\n",
    [`${site}/deep.py`]: "def value(): return 'deep'\n",
    [`${site}/deep_thing-2.dist-info/METADATA`]: "Name: deep_thing\nVersion: 2\n",
    [`${site}/deep_thing-2.dist-info/RECORD`]: "deep.py,,\n",
    [`${site}/later.py`]: "x = 'later'\n",
    [`${site}/other.py`]: "x = 'not reached'\n",
  });
  for (const thin of [false, true]) {
    const { path } = await build({ file: "main.py", cwd: folder.path, thin });
    using target = project();
    Deno.copyFileSync(path, `${target.path}/main.wasm`);
    for (let count = 0; count < 2; count++) {
      const { result, error } = await run({ file: "main.wasm", cwd: target.path });
      assertEquals([error, result], [null, ["deep", "its data", "1.5", "later"]]);
    }
    const text = new TextDecoder("latin1").decode(Deno.readFileSync(path));
    assertEquals(text.includes("not reached"), false);
    // Whoever changes the component does not get out of its folder.
    const component = Deno.readFileSync(path);
    const header = partsOf(component).header.replace("needed/data.txt", "../.././evil.tx");
    const evil = assembled({ ...partsOf(component), header });
    target.write("evil.wasm", evil);
    const refused = await run({ file: "evil.wasm", cwd: target.path });
    assertEquals(refused.error?.error_type, "invalid_module");
  }
});
