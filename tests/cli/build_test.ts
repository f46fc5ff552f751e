/** build, exec, clean and doctor as processes, as a user runs them. */
import { assertEquals, assertMatch, assertStringIncludes } from "../support/assert.ts";
import {
  CACHE,
  cli,
  project,
  type Result,
  ROOT,
  startCli,
  warmEngines,
  withOwnMounts,
} from "../support/support.ts";

await warmEngines();

const ROWS = `date,product,quantity,price
2026-01-02,apple,2,1.50
2026-02-03,pear,1,0.75
2026-02-05,apple,4,1.25
`;

for (const stem of ["sales.py", "sales.ts"]) {
  for (const kind of ["--export", "--thin"]) {
    Deno.test(`${stem} is built, moved and run (${kind})`, async () => {
      using folder = project({ "rows.csv": ROWS });
      Deno.copyFileSync(`${ROOT}examples/${stem}`, `${folder.path}/${stem}`);
      Deno.symlinkSync(`${ROOT}node_modules`, `${folder.path}/node_modules`);
      const built = await cli(
        ["build", stem, "--export", kind].slice(0, kind === "--export" ? 3 : 4),
        {
          cwd: folder.path,
        },
      );
      assertEquals([built.status, built.stdout], [0, "sales.wasm\n"], built.stderr);
      assertMatch(built.stderr, /loaded the program \([\d.]+ ms\)|loaded the program \([\d.]+ s\)/);
      assertMatch(built.stderr, /✔ sales\.wasm: [\d.]+ [KM]B, .*; tasks: summarize, main/);
      const args = ["--args-file", "rows.csv"];
      const source = await cli(["run", stem, ...args], { cwd: folder.path });
      using elsewhere = project({ "rows.csv": ROWS });
      Deno.renameSync(`${folder.path}/sales.wasm`, `${elsewhere.path}/sales.wasm`);
      const env = { VIRTUAL_ENV: "", PATH: "/nowhere" };
      const moved = await cli(["exec", "sales.wasm", ...args], { cwd: elsewhere.path, env });
      assertEquals(moved, source);
      assertStringIncludes(moved.stdout, '"apple"');
      const envelope = await cli(["exec", "sales.wasm", ...args, "--json"], {
        cwd: elsewhere.path,
      });
      assertEquals(JSON.parse(envelope.stdout).execution.task_name, "main");
      const listed = await cli(["list"], { cwd: elsewhere.path });
      assertStringIncludes(listed.stdout, "sales.wasm");
    });
  }
}

Deno.test("what a component declares is granted as far as somebody permits it", async () => {
  using folder = project({
    "main.py": `
import os
from capsule import task
@task(allowed_files=["./data"], env_variables=["SECRET"], allowed_hosts=["api.example.com"])
def main():
    return open("./data/x").read() + os.environ.get("SECRET", "")
`,
    "data/x": "text ",
  });
  const run = (...args: string[]) =>
    cli(["exec", "main.wasm", ...args], { cwd: folder.path, env: { SECRET: "42" } });
  assertEquals((await cli(["build", "main.py", "--export"], { cwd: folder.path })).status, 0);
  const nothing = await run();
  assertEquals([nothing.status, nothing.stdout], [1, ""]);
  assertStringIncludes(nothing.stderr, "FileNotFoundError");
  assertStringIncludes(
    nothing.stderr,
    "hint: the program declares access that was not granted: add --allow-hosts api.example.com " +
      "--allow-files data --allow-env SECRET, or --allow-declared\n",
  );
  assertEquals((await run("--allow-declared")).stdout, "text 42\n");
  assertEquals((await run("--allow-files", "./data:ro")).stdout, "text \n");
  assertEquals(
    (await run("--allow-files=./data", "--allow-env", "SECRET,HOME")).stdout,
    "text 42\n",
  );
  assertEquals((await run("--policy", "declared", "--allow-env", "X")).stdout, "text 42\n");
  const both = await run("--allow-declared", "--policy", "none");
  assertEquals([both.status, both.stdout], [2, ""]);
  assertStringIncludes(both.stderr, "--policy none and --allow-declared exclude each other");
});

Deno.test("build and exec report errors", async () => {
  using folder = project({
    "main.ts": `import { task } from "@capsule/sdk"; export const x = task;`,
    "throws.py": `def main(): pass\nraise ValueError("top")\n`,
    "bad.wasm": "no component",
  });
  const cases: [args: string[], status: number, message: RegExp][] = [
    [["build", "main.ts"], 2, /main\.ts.*no task "main"|declares no task/],
    [["build", "throws.py"], 1, /ValueError: top/],
    [["build", "bad.wasm"], 2, /is a built component/],
    [["build", "main.ts", "other.ts"], 2, /one FILE/],
    [["build", "main.ts", "--output", "dist"], 2, /not a \.wasm file\nhint: name a file/],
    [["build", "main.ts", "--output", "dist/x.wasm"], 2, /folder "dist" does not exist/],
    [["build"], 2, /hint: name a program: capsule build main\.ts/],
    [["exec"], 2, /hint: capsule build main\.ts --export/],
    [["exec", "main.ts"], 2, /hint: run source files with: capsule run main\.ts/],
    [["exec", "none.wasm"], 2, /there is no such file/],
    [["exec", "bad.wasm"], 1, /it is no WebAssembly \(invalid_module\)/],
    [["run", "bad.wasm"], 2, /hint: run it with: capsule exec bad\.wasm/],
  ];
  for (const [args, status, message] of cases) {
    const ended = await cli(args, { cwd: folder.path });
    assertEquals([ended.status, ended.stdout], [status, ""], `${args}: ${ended.stderr}`);
    assertMatch(ended.stderr, message);
  }
});

/** Starts the same command in many processes at once. */
async function atOnce(
  count: number,
  args: string[],
  cwd: string,
  cache: string,
): Promise<Result[]> {
  const started = Array.from(
    { length: count },
    () => startCli(args, { cwd, env: { CAPSULE_CACHE_DIR: cache } }),
  );
  return await Promise.all(started.map(async (child) => {
    await child.stdin.close();
    const { code, stdout, stderr } = await child.output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { status: code, stdout: text(stdout), stderr: text(stderr) };
  }));
}

/** A cache of its own, in which the engines are compiled already. */
function freshCache(): ReturnType<typeof project> {
  const cache = project();
  for (const { name, isFile } of Deno.readDirSync(`${ROOT}build/test-cache`)) {
    if (!isFile || name.endsWith(".lock")) continue;
    Deno.linkSync(`${ROOT}build/test-cache/${name}`, `${cache.path}/${name}`);
  }
  Deno.chmodSync(cache.path, 0o700);
  return cache;
}

Deno.test("100 processes that run the same new program load it once", async () => {
  using cache = freshCache();
  using folder = project({
    "main.py": "import time\nloaded = time.time_ns()\ndef main(): return loaded\n",
  });
  await new Promise((resolve) => setTimeout(resolve, 40));
  const ended = await atOnce(100, ["run", "main.py"], folder.path, cache.path);
  assertEquals(new Set(ended.map(({ status, stderr }) => `${status} ${stderr}`)), new Set(["0 "]));
  assertEquals(new Set(ended.map(({ stdout }) => stdout)).size, 1);
  assertEquals(namesIn(`${folder.path}/.capsule/wasm`).length, 1);
  assertEquals(namesIn(`${cache.path}/images`).filter((name) => !name.endsWith(".seal")).length, 1);
  assertEquals(namesIn(`${cache.path}/programs`).length, 1);
});

Deno.test("20 processes that build the same program build it once", async () => {
  using cache = freshCache();
  using folder = project({
    "main.ts":
      `import { task } from "@capsule/sdk"; export const main = task({ name: "main" }, () => 42);`,
  });
  await new Promise((resolve) => setTimeout(resolve, 40));
  const ended = await atOnce(20, ["build", "main.ts"], folder.path, cache.path);
  assertEquals(ended.map(({ status }) => status), Array(20).fill(0), ended[0]!.stderr);
  assertEquals(new Set(ended.map(({ stdout }) => stdout)).size, 1);
  assertEquals(ended.filter(({ stderr }) => stderr.includes("nothing changed")).length, 19);
  const path = ended[0]!.stdout.trim();
  const run = await cli(["exec", path], {
    cwd: folder.path,
    env: { CAPSULE_CACHE_DIR: cache.path },
  });
  assertEquals(run.stdout, "42\n");
});

Deno.test("clean removes Capsule's files, and no others", async () => {
  using cache = freshCache();
  using folder = project({ "main.py": "def main(): return 42\n" });
  const env = { CAPSULE_CACHE_DIR: cache.path };
  cache.write("mine.txt", "not Capsule's");
  await cli(["build", "main.py"], { cwd: folder.path, env });
  await cli(["run", "main.py"], { cwd: folder.path, env });
  const cleaned = await cli(["clean"], { cwd: folder.path, env });
  assertEquals([cleaned.status, cleaned.stderr], [0, ""]);
  for (const kind of ["engines", "images", "programs", "components of this project"]) {
    assertStringIncludes(cleaned.stdout, kind);
  }
  assertEquals(namesIn(cache.path), ["mine.txt"]);
  assertEquals(namesIn(`${folder.path}/.capsule/wasm`), []);
  assertEquals(namesIn(`${folder.path}/.capsule`).includes("trace.db"), true);
  const again = await cli(["clean"], { cwd: folder.path, env });
  assertEquals([again.status, again.stdout], [0, ""]);
});

Deno.test("doctor lists what is installed, and problems", async () => {
  using folder = project();
  const well = await cli(["doctor"], { cwd: folder.path });
  assertEquals(well.status, 0, well.stdout);
  for (const part of ["native library", "python task", "certificates", "cache folder"]) {
    assertMatch(well.stdout, new RegExp(`✔ +${part} +\\S`));
  }
  Deno.chmodSync(folder.path, 0o777);
  folder.write("capsule.toml", "[workflow]\nnonsense = 1\n");
  const env = { CAPSULE_CACHE_DIR: folder.path, SSL_CERT_FILE: "/nowhere" };
  const ill = await cli(["doctor"], { cwd: folder.path, env });
  assertEquals([ill.status, ill.stderr], [1, ""]);
  assertStringIncludes(ill.stdout, "other users can write to it (mode 777)");
  assertStringIncludes(ill.stdout, "✘ certificates: no CA certificates found");
  assertStringIncludes(ill.stdout, "nonsense");
});

Deno.test("a full disk costs what is kept, and no result", async () => {
  using folder = project({ "main.py": "def main(): return 'x' * 10\n" });
  // A namespace of its own, in which a small disk lies over the cache and the project's .capsule.
  const script = `
    mkdir -p cache .capsule
    mount -t tmpfs -o size=64k,mode=700 tmpfs .capsule
    cp -a ${CACHE}/*.cwasm ${CACHE}/*.base ${CACHE}/*.seal cache/
    mkdir cache/images cache/programs cache/builds
    for name in images programs builds; do mount -t tmpfs -o size=64k,mode=700 tmpfs cache/$name; done
    for name in images programs builds; do head -c 70000 /dev/zero > cache/$name/filler || true; done
    head -c 70000 /dev/zero > .capsule/filler || true
    capsule run main.py
    capsule build main.py || echo "status $?"`;
  const { stdout, stderr } = await withOwnMounts(script, {
    cwd: folder.path,
    env: { CAPSULE_CACHE_DIR: `${folder.path}/cache` },
  });
  assertEquals(stdout, "xxxxxxxxxx\nstatus 2\n", stderr);
  assertMatch(stderr, /No space left on device/);
});

function namesIn(folder: string): string[] {
  return Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();
}
