/** What a user does with the wheel, in an empty folder with nothing else on the path. */
import { assertEquals, assertMatch, assertStringIncludes, assertTrue } from "../support/assert.ts";
import { ROOT, warmEngines } from "../support/support.ts";
import { type App, installedApp, PYTHON } from "./support.ts";

await warmEngines();
const app: App = await installedApp(PYTHON);
globalThis.addEventListener("unload", () => app[Symbol.dispose]());

Deno.mkdirSync(`${app.path}/examples`);
for (const name of ["hello.py", "hello.ts", "sandbox.py", "sandbox.ts"]) {
  Deno.copyFileSync(`${ROOT}examples/${name}`, `${app.path}/examples/${name}`);
}

/** Runs Python code as a file of this name. */
async function python(name: string, code: string) {
  Deno.writeTextFileSync(`${app.path}/${name}`, code);
  return await app.run("python", [name]);
}

/** The blocks of a document in Python that use the API. */
function examplesOf(document: string): string[] {
  const blocks = Deno.readTextFileSync(ROOT + document).matchAll(/```python\n(.*?)```/gs);
  return Array.from(blocks, ([, code]) => code!).filter((code) =>
    /\b(?:run|open)(?:_sync)?\(/.test(code)
  );
}

Deno.test("the examples of the documents for Python", async () => {
  const [readme, ...others] = examplesOf("README.md");
  assertEquals(others, []);
  assertEquals(await python("readme.py", readme!), { status: 0, stdout: "45\n42\n", stderr: "" });
  const [own, ...more] = examplesOf("python/README.md");
  assertEquals(more, []);
  const ran = await python("own.py", own!);
  assertEquals(ran, { status: 0, stdout: "45\n42 None\nNone task_error\n", stderr: "" });
});

Deno.test("host code that was written for capsule-run runs as it is", async () => {
  const code = `import asyncio
from capsule import ErrorInfo, ExecutionInfo, RunnerOptions, RunnerResult, close_all, http, run, run_with_worker

async def main() -> None:
    options: RunnerOptions = {"file": "./examples/sandbox.py", "args": ["6 * 7"], "mounts": []}
    result: RunnerResult = await run(**options)
    execution: ExecutionInfo = result["execution"]
    failed = await run_with_worker(file="examples/sandbox.py", args=["1 / 0"], cwd=None)
    error: ErrorInfo = failed["error"]
    print(result["result"], execution["task_name"], error["error_type"], callable(http.get))
    await close_all()

asyncio.run(main())
`;
  const expected = { status: 0, stdout: "42 main task_error True\n", stderr: "" };
  assertEquals(await python("original.py", code), expected);
});

Deno.test("the command capsule says how it ended", async () => {
  const capsule = (...args: string[]) => app.run("capsule", args);
  const failed = await capsule("run", "examples/sandbox.py", "1 / 0");
  assertEquals([failed.status, failed.stdout], [1, ""]);
  assertStringIncludes(failed.stderr, "ZeroDivisionError");
  const typescript = await capsule("run", "examples/hello.ts", "Ada");
  assertEquals(typescript, { status: 0, stdout: "Hello, Ada!\n", stderr: "" });
  const missing = await capsule("run", "missing.py");
  assertEquals([missing.status, missing.stdout], [2, ""]);
  const doctor = await capsule("doctor");
  assertEquals(doctor.status, 0, doctor.stdout);
  for (const found of doctor.stdout.matchAll(/\S*(?:libcapsule\.so|esbuild|\.wasm)$/gm)) {
    assertStringIncludes(found[0], "/site-packages/capsule/_bundle/");
  }
});

Deno.test("a signal reaches the command itself", async () => {
  const code = "from capsule import task\n@task(compute='HIGH')\ndef main():\n  print(1)\n" +
    "  while True: pass";
  Deno.writeTextFileSync(`${app.path}/endless.py`, code);
  const child = app.command("capsule", ["run", "endless.py"]).spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  child.kill("SIGINT");
  await Promise.all([reader.cancel(), child.stderr.cancel()]);
  assertEquals((await child.status).code, 130);
});

Deno.test("nothing of the user's project and of its folder is started or imported", async () => {
  const project = `${app.path}/hostile`;
  const evil = `#!/bin/sh\necho evil >>${project}/evil\n`;
  const files: Record<string, string> = {
    "deno.json": `{ "imports": { "node:fs": "./evil.ts" }, "lock": "./none" }`,
    "package.json": `{ "name": "evil", "imports": {} }`,
    "evil.ts": `Deno.writeTextFileSync("${project}/evil", "evil");`,
    "deno.py": `open("${project}/evil", "w")`,
    "importlib_metadata.py": `open("${project}/evil", "w")`,
    "node_modules/@capsule/native-linux-x64/package.json": "{}",
    "node_modules/@esbuild/linux-x64/package.json": "{}",
    "node_modules/@esbuild/linux-x64/bin/esbuild": evil,
    "node_modules/esbuild/package.json": "{}",
    "bin/deno": evil,
    deno: evil,
    esbuild: evil,
    "hello.ts": Deno.readTextFileSync(`${app.path}/examples/hello.ts`),
    "host.py": `from capsule import run_sync; print(run_sync(file="hello.ts")["result"])`,
  };
  for (const [name, content] of Object.entries(files)) {
    const path = `${project}/${name}`;
    Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    Deno.writeTextFileSync(path, content, { mode: 0o755 });
  }
  const env = { PATH: `${project}:${project}/bin`, PYTHONPATH: project };
  for (const [program, ...args] of [["python", "host.py"], ["capsule", "run", "hello.ts"]]) {
    const { code, stdout, stderr } = await new Deno.Command("/bin/sh", {
      args: ["-c", `cd "${project}" && exec "$0" "$@"`, `${app.bin}/${program}`, ...args],
      clearEnv: true,
      env: { ...env, HOME: app.path, CAPSULE_CACHE_DIR: Deno.env.get("CAPSULE_CACHE_DIR")! },
    }).output();
    const decoder = new TextDecoder();
    assertEquals([code, decoder.decode(stdout)], [0, "Hello, world!\n"], decoder.decode(stderr));
  }
  assertEquals(Array.from(Deno.readDirSync(project), ({ name }) => name).includes("evil"), false);
});

Deno.test("a program that runs itself is loaded in the sandbox", async () => {
  const code = `from capsule import CapsuleError, RunEvent, run_sync, task

@task(name="main")
def main(n: int) -> int:
    return n * 2

if __name__ == "__main__":
    print(run_sync(file=__file__, args=[21])["result"])
`;
  assertEquals(await python("itself.py", code), { status: 0, stdout: "42\n", stderr: "" });
  const inside = `import builtins
from capsule import *
@task
def main():
    assert open is builtins.open
    return run_sync(file="itself.py")`;
  Deno.writeTextFileSync(`${app.path}/inside.py`, inside);
  const refused = await app.run("capsule", ["run", "inside.py"]);
  assertEquals(refused.status, 1);
  assertStringIncludes(refused.stderr, "capsule.run_sync is for hosts: in a sandbox, call tasks");
});

Deno.test("packages are those of the host's environment, and variables those of the moment", async () => {
  const packages = await app.run("python", [
    "-c",
    "import sysconfig; print(sysconfig.get_path('purelib'))",
  ]);
  Deno.writeTextFileSync(`${packages.stdout.trim()}/installed_here.py`, "answer = 42");
  const code = `import os
from capsule import run_sync

CODE = """
from capsule import task
@task(env_variables=["GIVEN", "CHANGED"])
def main():
    import os, installed_here
    return [installed_here.answer, os.environ.get("GIVEN"), os.environ.get("CHANGED")]
"""

def show(**options):
    by_policy = run_sync(code=CODE, language="python", policy="declared", **options)
    grants = {"env_variables": ["GIVEN", "CHANGED"]}
    by_grants = run_sync(code=CODE, language="python", grants=grants, **options)
    assert by_grants["result"] == by_policy["result"], [by_grants, by_policy]
    print(by_grants["result"])

assert "VIRTUAL_ENV" not in os.environ
show()
os.environ["CHANGED"] = "1"
show(env={"GIVEN": "2"})
del os.environ["CHANGED"]
show()
`;
  const { status, stdout, stderr } = await python("environment.py", code);
  const expected = "[42, None, None]\n[42, '2', '1']\n[42, None, None]\n";
  assertEquals([status, stdout], [0, expected], stderr);
});

Deno.test("packages are found wherever the host's interpreter finds them", async () => {
  const root = app.path.slice(0, app.path.lastIndexOf("/"));
  const write = (path: string, text = "") => {
    const file = `${root}/elsewhere/${path}`;
    Deno.mkdirSync(file.slice(0, file.lastIndexOf("/")), { recursive: true });
    Deno.writeTextFileSync(file, text);
  };
  write("src/of_pth.py", "X = 1");
  write("src/of_pth.egg-info/PKG-INFO");
  write("flat/of_finder/__init__.py", "X = 2");
  write("flat/secret.txt");
  write("target/of_path/__init__.py", "X = 3");
  write("target/of_path-1.dist-info/METADATA", "Name: of-path\nVersion: 1\n");
  const site = (await app.run("python", ["-c", "import site; print(site.getsitepackages()[0])"]))
    .stdout.trim();
  Deno.writeTextFileSync(`${site}/a.pth`, `${root}/elsewhere/src\nimport __editable___x_finder\n`);
  Deno.writeTextFileSync(
    `${site}/__editable___x_finder.py`,
    `MAPPING = {'of_finder': '${root}/elsewhere/flat/of_finder'}\n`,
  );
  const code = `from capsule import run_sync
CODE = """
import of_pth, of_finder, of_path
from importlib.metadata import version
def main(): return [of_pth.X, of_finder.X, of_path.X, version("of-path")]
"""
for policy in ("none", "declared"):
    print(run_sync(code=CODE, language="python", policy=policy, cwd="/")["result"])
`;
  Deno.writeTextFileSync(`${app.path}/found.py`, code);
  const env = { PYTHONPATH: `${root}/elsewhere/target` };
  const ran = await app.run("python", ["found.py"], { env });
  assertEquals(ran, { status: 0, stdout: "[1, 2, 3, '1']\n".repeat(2), stderr: "" });
  // The command of an environment that is not activated, from another folder.
  write(
    "main.py",
    "import of_finder\nfrom capsule import task\n@task\ndef main(): return of_finder.X",
  );
  const file = `${root}/elsewhere/main.py`;
  const command = await app.run("capsule", ["run", file], { env });
  assertEquals(command, { status: 0, stdout: "2\n", stderr: "" });
  Deno.removeSync(`${site}/a.pth`);
  const missing = await app.run("capsule", ["run", file]);
  assertEquals(missing.stdout, "");
  assertStringIncludes(missing.stderr, `packages were looked for in ${site}`);
});

Deno.test("a component takes nothing of the package along", async () => {
  const args = ["build", "examples/hello.py", "--thin", "--output", "thin.wasm"];
  const env = { VIRTUAL_ENV: app.bin.replace(/\/bin$/, "") };
  const { status, stderr } = await app.run("capsule", args, { env });
  assertEquals(status, 0, stderr);
  const { size } = Deno.statSync(`${app.path}/thin.wasm`);
  assertTrue(size < 100_000, `${size} bytes`);
});

Deno.test("numbers come to a sandbox as they are", async () => {
  const code = `from capsule import open_sync, run_sync
options = {"code": "def main(*a): return [repr(value) for value in a]", "language": "python"}
values = [1.0, -0.0, 2**70, 12345678901234567, 1e300, "\\ud800 é"]
expected = [repr(value) for value in values]
assert run_sync(**options, args=values)["result"] == expected
with open_sync(**options) as program:
    assert program.call("main", values)["result"] == expected
`;
  assertEquals(await python("numbers.py", code), { status: 0, stdout: "", stderr: "" });
});

Deno.test("what is broken is said with what mends it", async () => {
  const { stdout } = await app.run("python", ["-c", "import capsule; print(capsule.__path__[0])"]);
  const cli = `${stdout.trim()}/_bundle/dist/cli.js`;
  const code = `from capsule import CapsuleError, run_sync
try: run_sync(code="", language="python")
except CapsuleError as error: print(error.code, "|", error, "|", error.hint)`;
  const hidden = async (path: string, kept: string) => {
    Deno.renameSync(path, kept);
    try {
      return await python("broken.py", code);
    } finally {
      Deno.renameSync(kept, path);
    }
  };
  for (const path of [cli, `${app.bin}/deno`]) {
    const { status, stdout, stderr } = await hidden(path, `${path}.hidden`);
    assertEquals(status, 0, stderr);
    assertMatch(stdout, /^installation \| Cannot find the .* \| pip install --force-reinstall/);
  }
  // A worker that ends before it is ready.
  Deno.writeTextFileSync(`${cli}.kept`, Deno.readTextFileSync(cli));
  Deno.writeTextFileSync(cli, "Deno.exit(3);");
  const ended = await python("broken.py", code);
  Deno.renameSync(`${cli}.kept`, cli);
  assertEquals(ended.status, 0, ended.stderr);
  assertStringIncludes(ended.stdout, "installation | Cannot start the worker: its process ended");
  assertStringIncludes(ended.stdout, "with status 3");
});

Deno.test("the licences of all that is in the wheel are there", async () => {
  const code = "from importlib.metadata import files; " +
    "print(*[file.locate() for file in files('capsule-sandbox') if 'licenses' in file.parts])";
  const { stdout, stderr } = await app.run("python", ["-c", code]);
  const paths = stdout.trim().split(" ");
  assertEquals(paths.map((path) => path.split("/").at(-1)), ["LICENSE", "NOTICE.txt"], stderr);
  const notice = Deno.readTextFileSync(paths[1]!);
  for (
    const name of ["CPython", "QuickJS", "wasi-libc", "Go, ", "esbuild ", "wasmtime ", "rustls "]
  ) {
    assertMatch(notice, new RegExp(`^${name}`, "m"));
  }
  // Texts, not names alone.
  assertStringIncludes(notice, "PYTHON SOFTWARE FOUNDATION LICENSE VERSION 2");
  assertStringIncludes(notice, "Copyright (c) 2017-2026 Fabrice Bellard");
});

Deno.test("Deno is the one that Capsule is tested with, and the version is one", () => {
  const project = Deno.readTextFileSync(`${ROOT}python/pyproject.toml`);
  const { optionalDependencies } = JSON.parse(Deno.readTextFileSync(`${ROOT}package.json`));
  const wanted = project.match(/"deno==([^"]*)"/)?.[1];
  assertEquals(wanted, optionalDependencies["@deno/linux-x64-glibc"]);
  const { version } = JSON.parse(Deno.readTextFileSync(`${ROOT}deno.json`));
  assertStringIncludes(project, `\nversion = "${version}"\n`);
});
