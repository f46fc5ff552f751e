/**
 * The npm packages in an empty folder, with Node alone on the path: no Deno, no Rust, no checkout. The
 * registry gives what they depend on.
 */
import { assertEquals, assertMatch, assertStringIncludes, assertTrue } from "../support/assert.ts";
import { eventually, isAlive } from "../support/processes.ts";
import { project, ROOT, warmEngines } from "../support/support.ts";
import { type App, installedApp, NODES } from "./support.ts";

await warmEngines();
const app: App = await installedApp();
globalThis.addEventListener("unload", () => app[Symbol.dispose]());

for (
  const name of [
    "contract.mjs",
    "ends.mjs",
    "exits.mjs",
    "killed.mjs",
    "typed.ts",
    "webassembly.mjs",
  ]
) {
  Deno.copyFileSync(`${ROOT}tests/node/hosts/${name}`, `${app.path}/${name}`);
}
Deno.mkdirSync(`${app.path}/examples`);
for (const name of ["hello.ts", "sandbox.ts", "sandbox.py"]) {
  Deno.copyFileSync(`${ROOT}examples/${name}`, `${app.path}/examples/${name}`);
}

/** The API example of README.md, to the letter. */
function readmeExample(): string {
  const blocks = Deno.readTextFileSync(`${ROOT}README.md`).matchAll(/```ts\n(.*?)```/gs);
  const found = Array.from(blocks, ([, code]) => code!)
    .find((code) => code.includes(`from "@capsule/sdk/runner"`));
  return found!;
}

/** A program of this checkout, with a path of its own. */
async function tool(name: string, args: string[]): Promise<{ status: number; stdout: string }> {
  const { code, stdout } = await new Deno.Command(`${ROOT}node_modules/.bin/${name}`, {
    args,
    cwd: app.path,
  }).output();
  return { status: code, stdout: new TextDecoder().decode(stdout) };
}

for (const node of NODES) {
  Deno.test(`Node ${node}: the API example of the README`, async () => {
    const example =
      `${readmeExample()}\nconsole.log(JSON.stringify(envelopes.map((e) => e.result)));`;
    // `await using` is newer than Node 22: TypeScript lowers it.
    Deno.writeTextFileSync(`${app.path}/readme.mts`, example);
    const built = await tool("esbuild", [
      ...["readme.mts", "--outfile=readme.mjs", "--target=node22", "--log-level=error"],
    ]);
    assertEquals(built.status, 0);
    const { status, stdout, stderr } = await app.run(node, ["node", "readme.mjs"]);
    assertEquals([status, stdout, stderr], [0, "45\n[42,null]\n", ""]);
  });

  Deno.test(`Node ${node}: npx capsule runs a program and says how it ended`, async () => {
    const capsule = (...args: string[]) => app.run(node, ["npx", "capsule", ...args]);
    const ran = await capsule("run", "examples/hello.ts", "Ada");
    assertEquals([ran.status, ran.stdout, ran.stderr], [0, "Hello, Ada!\n", ""]);
    const failed = await capsule("run", "examples/sandbox.py", "1 / 0");
    assertEquals([failed.status, failed.stdout], [1, ""]);
    assertStringIncludes(failed.stderr, "ZeroDivisionError");
    const missing = await capsule("run", "missing.ts");
    assertEquals([missing.status, missing.stdout], [2, ""]);
    const listed = await capsule("list");
    assertEquals([listed.status, listed.stderr], [0, ""]);
    assertMatch(listed.stdout, /completed .* examples\/hello\.ts\n/);
    const built = await capsule("build", "examples/hello.ts", "--output", `hello-${node}.wasm`);
    assertEquals(built.status, 0, built.stderr);
    const executed = await capsule("exec", `hello-${node}.wasm`, "Grace");
    assertEquals([executed.status, executed.stdout], [0, "Hello, Grace!\n"], executed.stderr);
    const doctor = await capsule("doctor");
    assertEquals(doctor.status, 0, doctor.stdout);
    assertStringIncludes(doctor.stdout, `Node ${node}.`);
  });

  Deno.test(`Node ${node}: a host in TypeScript`, async () => {
    const { status, stdout, stderr } = await app.run(node, ["node", "typed.ts"]);
    const expected = "Hello, Ada Hello, Grace Hello, Edsger 42 file_not_found true\n";
    assertEquals([status, stdout], [0, expected], stderr);
  });

  Deno.test(`Node ${node}: a host that a bundler has made one file of`, async () => {
    // What a user may have there is not taken for Capsule's own.
    for (const path of ["cli.ts", "dist/cli.js"]) {
      Deno.mkdirSync(`${app.path}/dist`, { recursive: true });
      Deno.writeTextFileSync(`${app.path}/${path}`, "throw new Error('of the user')");
    }
    for (const external of ["--packages=external", "--external:koffi"]) {
      const bundle = ["typed.ts", "--bundle", "--platform=node", "--format=esm"];
      const outfile = "--outfile=out/host.mjs";
      const built = await tool("esbuild", [...bundle, external, outfile, "--log-level=error"]);
      assertEquals(built.status, 0);
      const { status, stdout, stderr } = await app.run(node, ["node", "out/host.mjs"]);
      const expected = "Hello, Ada Hello, Grace Hello, Edsger 42 file_not_found true\n";
      assertEquals([status, stdout], [0, expected], external + stderr);
    }
  });

  Deno.test(`Node ${node}: a host that a bundler has made CommonJS of`, async () => {
    const code = `import { run } from "@capsule/sdk/runner";
const program = { code: "def main(): return 42", language: "python" };
const runs = ["sandbox", "process"].map((isolation) => run({ ...program, isolation }));
Promise.all(runs).then((envelopes) => console.log(...envelopes.map(({ result }) => result)));`;
    Deno.writeTextFileSync(`${app.path}/common.mjs`, code);
    const bundle = [
      "common.mjs",
      "--bundle",
      "--platform=node",
      "--format=cjs",
      "--external:koffi",
    ];
    const silent = ["--log-level=error", "--outfile=out/common.cjs"];
    assertEquals((await tool("esbuild", [...bundle, ...silent])).status, 0);
    const { status, stdout, stderr } = await app.run(node, ["node", "out/common.cjs"]);
    assertEquals([status, stdout], [0, "42 42\n"], stderr);
  });

  Deno.test(`Node ${node}: every case of the contract`, async () => {
    const built = await tool("esbuild", [
      ...[`${ROOT}tests/contract/suite.ts`, `--outfile=${app.path}/suite.mjs`, "--format=esm"],
      "--log-level=error",
    ]);
    assertEquals(built.status, 0);
    for (const isolation of ["sandbox", "process"]) {
      const command = ["node", "contract.mjs", `${ROOT}tests/contract`, isolation];
      const { status, stdout, stderr } = await app.run(node, command, { timeoutMs: 300_000 });
      assertEquals(status, 0, stderr);
      const { ran, failed } = JSON.parse(stdout);
      assertEquals(failed, [], isolation);
      assertEquals(ran >= 60, true);
    }
  });

  Deno.test(`Node ${node}: a process ends by itself, or as it wishes in the midst of a run`, async () => {
    const timeoutMs = 30_000;
    for (const isolation of ["sandbox", "process"]) {
      const host = (...args: string[]) =>
        app.run(node, ["node", ...args, isolation], { timeoutMs });
      const ended = await host("ends.mjs");
      const expected = [0, "1 1 cancelled task_finished\n"];
      assertEquals([ended.status, ended.stdout], expected, ended.stderr);
      const exited = await host("exits.mjs", "exit");
      assertEquals(exited.status, 7, exited.stderr);
      const thrown = await host("exits.mjs", "throw");
      assertEquals(thrown.status, 1);
      assertStringIncludes(thrown.stderr, "Error: thrown by the host");
    }
  });

  Deno.test({
    name: `Node ${node}: a worker that is killed costs the calls in flight, and none stays behind`,
    // Only Linux tells which process is the worker.
    ignore: Deno.build.os !== "linux",
    async fn() {
      const { status, stdout, stderr } = await app.run(node, ["node", "killed.mjs"], {
        timeoutMs: 30_000,
      });
      assertEquals(status, 0, stderr);
      const { workers, ...seen } = JSON.parse(stdout);
      assertEquals(seen, {
        killed: ["internal_error", "internal_error"],
        message: "the worker process ended (SIGKILL)",
        again: ["again", 2],
        evil: false,
      });
      assertEquals(workers.length, 2);
      for (const worker of workers) {
        assertTrue(await eventually(() => !isAlive(worker)), `the worker ${worker} lives`);
      }
    },
  });

  Deno.test(`Node ${node}: V8's own WebAssembly, traps included, beside calls`, async () => {
    const { status, stderr } = await app.run(node, ["node", "webassembly.mjs", "4"]);
    assertEquals(status, 0, stderr);
  });
}

Deno.test("host code keeps its imports of @capsule-run/sdk where that name means the package", async () => {
  // What npm makes of "@capsule-run/sdk": "npm:@capsule/sdk".
  Deno.mkdirSync(`${app.path}/node_modules/@capsule-run`, { recursive: true });
  Deno.symlinkSync("../@capsule/sdk", `${app.path}/node_modules/@capsule-run/sdk`);
  const code = `import { fs, isWasmMode, path, process } from "@capsule-run/sdk";
import { run } from "@capsule-run/sdk/runner";
fs.writeFileSync(path.join(process.cwd(), "kept.ts"),
  'import { isWasmMode, task } from "@capsule-run/sdk"; task({ name: "main" }, () => isWasmMode());');
console.log(isWasmMode(), (await run({ file: "./kept.ts" })).result);`;
  Deno.writeTextFileSync(`${app.path}/kept.mjs`, code);
  for (const node of NODES) {
    const { status, stdout, stderr } = await app.run(node, ["node", "kept.mjs"]);
    assertEquals([status, stdout], [0, "false true\n"], stderr);
  }
});

Deno.test("Deno runs the packages of npm too, with and without a worker", async () => {
  using folder = project({
    // What needs a package of its own to be read.
    "capsule.toml": "[tasks]\ndefault_timeout = '30s'\n",
    "main.ts": Deno.readTextFileSync(`${ROOT}examples/hello.ts`),
  });
  Deno.writeTextFileSync(
    `${app.path}/deno.mjs`,
    `import { run } from "@capsule/sdk/runner";
for (const isolation of ["sandbox", "process"]) {
  const { result } = await run({ file: "main.ts", cwd: Deno.args[0], args: ["Ada"], isolation });
  console.log(result);
}`,
  );
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "deno.mjs", folder.path],
    cwd: app.path,
  }).output();
  assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
  assertEquals(new TextDecoder().decode(stdout), "Hello, Ada!\nHello, Ada!\n");
});

Deno.test("the types of the packages are right for a strict user", async () => {
  const args = ["--ignoreConfig", "--noEmit", "--strict", "--exactOptionalPropertyTypes"];
  const types = ["--types", "node", "--typeRoots", `${ROOT}node_modules/@types`];
  for (const module of ["nodenext", "preserve"]) {
    const options = ["--module", module, "--target", "es2024", "--lib", "esnext"];
    const checked = await tool("tsc", ["typed.ts", ...args, ...options, ...types]);
    assertEquals([checked.status, checked.stdout], [0, ""], module);
  }
  // Node's modules are exported, and a project without their types has no error of that.
  const file =
    `import { fs, task } from "@capsule/sdk"; fs.existsSync(task({ name: "a" }, () => 1).taskName);`;
  Deno.writeTextFileSync(`${app.path}/no_types.ts`, file);
  const options = ["--module", "nodenext", "--target", "es2024", "--lib", "esnext,dom"];
  const checked = await tool("tsc", ["no_types.ts", ...args, ...options, "--types", ""]);
  assertEquals([checked.status, checked.stdout], [0, ""]);
});

Deno.test("an old version of Node gets an error", async () => {
  const bin = Deno.readTextFileSync(`${app.path}/node_modules/@capsule/cli/bin/capsule.js`);
  const old = bin.replaceAll("process.versions.node", `"22.12.0"`);
  Deno.writeTextFileSync(`${app.path}/old.mjs`, old);
  const { status, stderr } = await app.run("22", ["node", "old.mjs", "--version"]);
  assertEquals([status, stderr], [2, "error: Capsule needs Node.js 22.13 or newer, not 22.12.0\n"]);
});
