/** What Capsule keeps between processes: damaged, half written, and wanted by many at once. */
import { assertEquals, assertStringIncludes, assertTrue } from "../../support/assert.ts";
import { engineSources } from "../../../install/installation.ts";
import { openRuntime } from "../../../ffi/runtime.ts";
import { CACHE, cli, project, ROOT, startCli, warmEngines } from "../../support/support.ts";

await warmEngines();

const HELLO =
  `import { task } from "@capsule/sdk";\ntask({ name: "main" }, (name) => "Hello, " + name);`;
const COMPILING = "Compiling the JavaScript engine for this machine";

/** Runs the program 20 times at once, and tells whether that compiled an engine. */
const MANY = `import { run } from "${ROOT}runner.ts";
let compiled = 0;
// Whoever waits for the engine hears of it.
const onEvent = (event) => compiled ||= event.type === "engine_compiling" ? 1 : 0;
const runs = Array.from({ length: 20 }, (_, n) => run({ file: "main.ts", args: [n], onEvent }));
const results = (await Promise.all(runs)).map(({ result }) => result);
console.log(JSON.stringify({ compiled, right: results.every((it, n) => it === "Hello, " + n) }));`;

Deno.test("machine code with a flipped byte is made again: once, by 100 runs at once, after others died at it", async () => {
  using folder = project({ "main.ts": HELLO, "many.ts": MANY });
  const cache = `${folder.path}/cache`;
  Deno.mkdirSync(cache, { mode: 0o700 });
  copyEngines("javascript-", cache);
  const options = { cwd: folder.path, env: { CAPSULE_CACHE_DIR: cache } };
  // As it is, it is taken: it has what its seal says.
  assertEquals(await cli(["run", "main.ts", "you"], options), {
    status: 0,
    stdout: "Hello, you\n",
    stderr: "",
  });

  const codes = () =>
    Array.from(Deno.readDirSync(cache), ({ name }) => `${cache}/${name}`)
      .filter((path) => path.endsWith(".cwasm"));
  for (const path of codes()) {
    const code = Deno.readFileSync(path);
    code[code.length >> 1]! ^= 1;
    Deno.writeFileSync(path, code);
  }
  const damaged = new Map(codes().map((path) => [path, Deno.statSync(path).ino]));
  for (const delay of [150, 400, 900]) {
    const child = startCli(["run", "main.ts", "you"], options);
    await child.stdin.close();
    await new Promise((resolve) => setTimeout(resolve, delay));
    child.kill("SIGKILL");
    await child.output();
  }

  const processes = Array.from({ length: 5 }, () =>
    new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", "--quiet", `--config=${ROOT}deno.json`, "many.ts"],
      ...options,
    }).output());
  let compiled = 0;
  for (const { code, stdout, stderr } of await Promise.all(processes)) {
    assertEquals(code, 0, new TextDecoder().decode(stderr));
    const told = JSON.parse(new TextDecoder().decode(stdout));
    assertEquals(told.right, true);
    compiled += told.compiled;
  }
  assertEquals(compiled, 1, "100 runs, one build");
  const made = codes().filter((path) => damaged.get(path) !== Deno.statSync(path).ino);
  assertEquals(made.length, 1, "what was damaged is replaced, never written over");
  const after = await cli(["run", "main.ts", "you"], options);
  assertEquals([after.status, after.stderr], [0, ""]);
});

Deno.test("an engine that differs from the installed one is not compiled", async () => {
  using folder = project();
  const { path, ...known } = engineSources().javascript;
  const engine = Deno.readFileSync(path);
  engine[engine.length >> 1]! ^= 1;
  const runtime = openRuntime({
    cache_folder: `${folder.path}/cache`,
    engines: { javascript: { path: folder.write("javascript.wasm", engine), ...known } },
  });
  runtime.load({ language: "javascript", files: [{ path: "main.js", data: new Uint8Array(0) }] });
  const failure = await (async () => {
    for (let events = await runtime.nextEvents(); events; events = await runtime.nextEvents()) {
      const failed = events.find(({ event }) => event === "program_failed");
      if (failed?.event === "program_failed") {
        return JSON.parse(new TextDecoder().decode(failed.payload));
      }
    }
  })();
  runtime.close();
  assertEquals(failure.error_type, "internal_error");
  assertStringIncludes(failure.message, `its SHA-256 is`);
  assertStringIncludes(failure.message, `, not ${known.digest}`);
  const code = Array.from(Deno.readDirSync(`${folder.path}/cache`), ({ name }) => name);
  assertEquals(code.filter((name) => name.endsWith(".cwasm")), []);
});

Deno.test("files of the same name in two folders are two programs, even with each other's .capsule", async () => {
  using one = project({ "main.ts": HELLO, "x/main.py": "def main(): return 'one'" });
  using two = project({
    "main.ts": HELLO.replace("Hello", "Salut"),
    "x/main.py": "def main(): return 'two'",
  });
  const shows = async (folder: { path: string }) => [
    (await cli(["run", "main.ts", "you"], { cwd: folder.path })).stdout,
    (await cli(["run", "x/main.py"], { cwd: folder.path })).stdout,
  ];
  await new Promise((resolve) => setTimeout(resolve, 40));
  for (let round = 0; round < 2; round++) {
    assertEquals(await shows(one), ["Hello, you\n", "one\n"]);
    assertEquals(await shows(two), ["Salut, you\n", "two\n"]);
  }
  const components = (folder: { path: string }) => `${folder.path}/.capsule/wasm`;
  const names = (folder: { path: string }) =>
    Array.from(Deno.readDirSync(components(folder)), ({ name }) => name);
  assertEquals(names(one).filter((name) => names(two).includes(name)), []);
  // All of the other's, under the names of one's own.
  const others = names(two);
  for (const [index, name] of names(one).entries()) {
    Deno.copyFileSync(`${components(two)}/${others[index]}`, `${components(one)}/${name}`);
  }
  assertEquals(await shows(one), ["Hello, you\n", "one\n"]);
});

Deno.test("a process that is killed while it stores a program leaves the old or the new one", async () => {
  using folder = project();
  const source = (round: number) =>
    `import { task } from "@capsule/sdk";\nconst table = ${
      JSON.stringify("x".repeat(2_000_000))
    };\ntask({ name: "main" }, () => [${round}, table.length]);`;
  for (let round = 0; round < 4; round++) {
    folder.write("main.ts", source(round));
    await new Promise((resolve) => setTimeout(resolve, 30));
    const child = startCli(["run", "main.ts", "--json"], { cwd: folder.path });
    await child.stdin.close();
    await new Promise((resolve) => setTimeout(resolve, 70 + 30 * round));
    try {
      child.kill("SIGKILL");
    } catch {
      // It was faster.
    }
    await child.output();
    const { status, stdout, stderr } = await cli(["run", "main.ts", "--json"], {
      cwd: folder.path,
    });
    assertEquals([status, stderr.replace(/^warning: the trace.*\n/, "")], [0, ""]);
    assertEquals(JSON.parse(stdout).result, [round, 2_000_000]);
  }
});

Deno.test("machine code for another processor is compiled again, and is no error", async () => {
  using folder = project({ "main.ts": HELLO });
  const cache = `${folder.path}/cache`;
  Deno.mkdirSync(cache, { mode: 0o700 });
  copyEngines("javascript-", cache);
  const names = Array.from(Deno.readDirSync(cache), ({ name }) => name);
  for (const name of names.filter((name) => name.endsWith(".cwasm"))) {
    const code = Deno.readFileSync(`${cache}/${name}`);
    // It says which features it needs: one of them becomes another that no processor has.
    const text = new TextDecoder("latin1").decode(code);
    const feature = text.indexOf("has_");
    assertTrue(feature > 0, "machine code names the features that it needs");
    code.set(new TextEncoder().encode("hbs_"), feature);
    Deno.writeFileSync(`${cache}/${name}`, code);
    const seal = JSON.parse(Deno.readTextFileSync(`${cache}/${name}.seal`));
    seal.sha256 = encodeHex(new Uint8Array(await crypto.subtle.digest("SHA-256", code)));
    Deno.writeTextFileSync(`${cache}/${name}.seal`, JSON.stringify(seal));
  }
  const options = { cwd: folder.path, env: { CAPSULE_CACHE_DIR: cache } };
  const first = await cli(["run", "main.ts", "you"], options);
  assertEquals([first.status, first.stdout], [0, "Hello, you\n"], first.stderr);
  assertStringIncludes(first.stderr, COMPILING);
  const second = await cli(["run", "main.ts", "you"], options);
  assertEquals([second.status, second.stderr], [0, ""]);
});

Deno.test("an index entry that other users could have written is ignored", async () => {
  using folder = project({
    "good.py": "def main(): return 'good'",
    "evil.py": "def main(): return 'evil'",
  });
  await new Promise((resolve) => setTimeout(resolve, 40));
  const cache = `${folder.path}/cache`;
  Deno.mkdirSync(cache, { mode: 0o755 });
  copyEngines("python-", cache);
  const options = { cwd: folder.path, env: { CAPSULE_CACHE_DIR: cache } };
  const run = async (file: string) => (await cli(["run", file], options)).stdout;
  assertEquals([await run("good.py"), await run("evil.py")], ["good\n", "evil\n"]);
  const index = `${cache}/programs`;
  const entries = new Map(
    Array.from(Deno.readDirSync(index), ({ name }) => `${index}/${name}`).map((path) => {
      const entry = JSON.parse(Deno.readTextFileSync(path));
      return [entry.component.split("_")[0] as string, { path, entry }];
    }),
  );
  const [good, evil] = [entries.get("good")!, entries.get("evil")!];
  const { component, sha256 } = evil.entry;
  const plant = () =>
    Deno.writeTextFileSync(good.path, JSON.stringify({ ...good.entry, component, sha256 }));
  // What this user writes is believed: the attack works where it is possible.
  plant();
  assertEquals(await run("good.py"), "evil\n");
  Deno.chmodSync(good.path, 0o666);
  assertEquals(await run("good.py"), "good\n");
  plant();
  Deno.chmodSync(good.path, 0o600);
  Deno.chmodSync(index, 0o777);
  assertEquals(await run("good.py"), "good\n");
  Deno.chmodSync(index, 0o700);
  Deno.renameSync(index, `${cache}/real`);
  Deno.writeTextFileSync(index, "");
  assertEquals(await run("good.py"), "good\n");
});

Deno.test("a cache folder that other users can write to, or a link to one, is refused", async () => {
  using folder = project({ "main.py": "def main(): return 1", "open/x": "", "file": "" });
  Deno.chmodSync(`${folder.path}/open`, 0o777);
  Deno.symlinkSync(`${folder.path}/open`, `${folder.path}/link`);
  for (const cache of ["open", "link", "file"]) {
    const env = { CAPSULE_CACHE_DIR: `${folder.path}/${cache}` };
    const { status, stdout, stderr } = await cli(["run", "main.py"], { cwd: folder.path, env });
    assertEquals([status, stdout], [2, ""], stderr);
    assertStringIncludes(stderr, `${folder.path}/${cache}`);
    assertTrue(!stderr.includes("fault of Capsule") && !stderr.includes(COMPILING), stderr);
  }
});

function encodeHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function copyEngines(prefix: string, cache: string): void {
  for (const { name } of Deno.readDirSync(CACHE)) {
    if (name.startsWith(prefix)) Deno.copyFileSync(`${CACHE}/${name}`, `${cache}/${name}`);
  }
}
