/** Sandboxes as the adapters of capsule-run have them: a program that runs text, and keeps its state in a file. */
import { assertEquals, assertMatch, assertStringIncludes } from "../support/assert.ts";
import { cli, type Project, project, runOrThrow as run } from "../support/support.ts";
import { run as envelope } from "@capsule/sdk/runner";

const INDEX_TS = `import fs from "fs/promises";
import path from "path";
import { task } from "@capsule-run/sdk";
import { evaluate } from "./evaluate";

const execute = task({ name: "execute", compute: "LOW", ram: "256MB" },
  async (code: string, env: Record<string, unknown> = {}): Promise<unknown> => evaluate(code, env));
const executeInSession = task({
  name: "executeInSession", compute: "LOW", ram: "256MB",
  allowedFiles: [{ path: ".capsule/sessions/states", mode: "read-write" }],
}, async (code: string, id: string): Promise<unknown> => {
  const file = \`.capsule/sessions/states/\${id}.json\`;
  const env = JSON.parse(await fs.readFile(file, "utf-8"));
  const result = evaluate(code, env);
  await fs.writeFile(file, JSON.stringify(env));
  return result;
});
const importFile = task({
  name: "importFile", ram: "256MB", allowedFiles: [{ path: "./", mode: "read-only" }],
}, async (from: string, to: string): Promise<string> => {
  await fs.mkdir(path.normalize(\`workspace/\${path.dirname(to)}\`), { recursive: true });
  await fs.cp(from, path.normalize(\`workspace/\${to}\`), { recursive: true });
  return "imported " + to;
});
const deleteFile = task({ name: "deleteFile" }, async (path: string): Promise<string> => {
  await fs.unlink(path);
  return "deleted " + path;
});

export const main = task({ name: "main", compute: "HIGH" },
  async (action: string, ...args: string[]): Promise<unknown> => {
    const actions: Record<string, (...args: any[]) => any> = { execute, executeInSession, importFile, deleteFile };
    if (!(action in actions)) throw new Error("no action " + action);
    const { success, error, result } = await actions[action](...args);
    if (!success && error) throw new Error(error.message);
    return result;
  });
`;

const EVALUATE_TS =
  `import { fs, fsPromises, path, os, process, isWasmMode } from "@capsule-run/sdk";
const MODULES: Record<string, unknown> = {
  fs, "fs/promises": fsPromises, path, os, process, "node:fs": fs, sandbox: { isWasmMode },
};
export function evaluate(code: string, env: Record<string, unknown>): unknown {
  const lines: string[] = [];
  const { log } = console;
  console.log = (...values: unknown[]) => { lines.push(values.map(String).join(" ")); };
  const scope = new Proxy(env, {
    has: () => true,
    get: (target, key) => typeof key !== "string" ? undefined
      : key === "require" ? (name: string) => MODULES[name] : key in target ? target[key] : (globalThis as any)[key],
    set: (target, key, value) => { target[key as string] = value; return true; },
  });
  try {
    let result: unknown;
    try {
      result = new Function("scope", \`with (scope) { return (\${code}\\n); }\`)(scope);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      result = new Function("scope", \`with (scope) { \${code}\\n }\`)(scope);
    }
    return lines.length > 0 ? lines.join("\\n") + "\\n" + result : result;
  } finally {
    console.log = log;
  }
}
`;

const INDEX_PY = `import json, os, shutil
from capsule import task

from evaluate import evaluate

@task(name="execute", compute="LOW", ram="256MB")
def execute(code: str, env: dict = {}): return evaluate(code, env)

@task(name="executeInSession", compute="LOW", ram="256MB",
      allowed_files=[{"path": ".capsule/sessions/states", "mode": "read-write"}])
def execute_in_session(code: str, id: str):
    with open(f".capsule/sessions/states/{id}.json", "r") as f:
        env = json.load(f)
    result = evaluate(code, env)
    with open(f".capsule/sessions/states/{id}.json", "w") as f:
        json.dump({name: value for name, value in env.items() if not name.startswith("__")}, f)
    return result

@task(name="importFile", ram="256MB", allowed_files=[{"path": "./", "mode": "read-only"}])
def import_file(source: str, to: str):
    to = os.path.normpath(os.path.join("workspace", to))
    if os.path.isdir(source):
        shutil.copytree(source, to, dirs_exist_ok=True)
    else:
        os.makedirs(os.path.dirname(to), exist_ok=True)
        shutil.copy2(source, to)
    return "imported"

@task(name="deleteFile")
def delete_file(path: str):
    os.remove(path)
    return "deleted " + path

@task(name="main", compute="HIGH")
def main(action: str, *args):
    actions = {"execute": execute, "executeInSession": execute_in_session, "importFile": import_file,
               "deleteFile": delete_file}
    if action not in actions:
        raise ValueError("no action " + action)
    response = actions[action](*args)
    if not response["success"] and response["error"]:
        raise Exception(response["error"]["message"])
    return response["result"]
`;

const EVALUATE_PY = `import ast, sys
from io import StringIO
def evaluate(code: str, env: dict):
    out, sys.stdout = sys.stdout, StringIO()
    try:
        tree = ast.parse(code)
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, "<ast>", "exec"), env)
        result = eval(compile(ast.Expression(last.value), "<ast>", "eval"), env) if last else None
        return sys.stdout.getvalue() + str(result) if sys.stdout.getvalue() else result
    finally:
        sys.stdout = out
`;

/** What a host of such a sandbox prepares. */
function prepared(): Project {
  return project({
    "src/js/index.ts": INDEX_TS,
    "src/js/evaluate.ts": EVALUATE_TS,
    "src/py/index.py": INDEX_PY,
    "src/py/evaluate.py": EVALUATE_PY,
    "data/in.txt": "given",
    ".capsule/sessions/states/s1.json": "{}",
    ".capsule/sessions/s1_workspace/.keep": "",
  });
}

const MOUNTS = [".capsule/sessions/s1_workspace::workspace"];
const CODE = {
  "src/js/index.ts": {
    evaluate: "console.log('seen'); x = 5 + 3; process.env.HOME",
    count: "x = (typeof x === 'number' ? x : 0) + 1",
    read: `require("fs").readFileSync("workspace/a/in.txt", "utf8")`,
    sandbox: `[require("sandbox").isWasmMode(), require("path").join("a", "b")].join()`,
    printed: "seen\nundefined",
    sandboxed: "true,a/b",
  },
  "src/py/index.py": {
    evaluate: "import os\nprint('seen', end=' ')\nx = 5 + 3\nos.environ.get('HOME')",
    count: "x = globals().get('x', 0) + 1\nx",
    read: "open('workspace/a/in.txt').read()",
    sandbox: "import os\nos.path.join('a', 'b')",
    printed: "seen None",
    sandboxed: "a/b",
  },
};

Deno.test("a sandbox runs text, keeps a session's state, and has its workspace", async () => {
  for (const [file, code] of Object.entries(CODE)) {
    using folder = prepared();
    const call = async (...args: string[]) => {
      const { result, error } = await run({ file, cwd: folder.path, args, mounts: MOUNTS });
      return error === null ? result : error.message;
    };
    assertEquals(await call("execute", code.evaluate), code.printed);
    assertEquals(await call("execute", code.sandbox), code.sandboxed);
    assertEquals(await call("executeInSession", code.count, "s1"), 1);
    assertEquals(await call("executeInSession", code.count, "s1"), 2);
    assertEquals(JSON.parse(folder.read(".capsule/sessions/states/s1.json")), { x: 2 });
    await call("importFile", "data/in.txt", "a/in.txt");
    assertEquals(await call("executeInSession", code.read, "s1"), "given");
    const path = "workspace/a/in.txt";
    assertEquals(await call("deleteFile", path), `deleted ${path}`);
    assertMatch(await call("executeInSession", code.read, "s1") as string, /no such file/i);
    assertStringIncludes(await call("nothing") as string, "no action nothing");
    // Who lists the whole project does not see the sessions of others.
    assertMatch(await call("importFile", ".capsule/sessions", "a") as string, /no such file/i);
  }
});

Deno.test("a built sandbox gets declared access if the host grants it", async () => {
  using folder = prepared();
  // Built in a fresh checkout: only where it is run do its folders have to be.
  Deno.removeSync(`${folder.path}/.capsule`, { recursive: true });
  for (const source of Object.keys(CODE)) {
    const built = await cli(["build", source, "--export"], { cwd: folder.path });
    assertEquals(built.status, 0, built.stderr);
  }
  folder.write(".capsule/sessions/s1_workspace/.keep", "");
  for (const [source, code] of Object.entries(CODE)) {
    const file = source.replace(/\.\w+$/, ".wasm");
    const base = { file, cwd: folder.path, mounts: MOUNTS };
    const plain = await run({ ...base, args: ["execute", code.evaluate] });
    assertEquals(plain.result, code.printed);
    const args = ["executeInSession", code.count, "s1"];
    const refused = await run({ ...base, args });
    assertStringIncludes(refused.error!.message, "no folder that holds it");
    const missing = await envelope({ ...base, args, policy: "declared" });
    assertStringIncludes(missing.error!.message, "it does not exist");
    folder.write(".capsule/sessions/states/s1.json", "{}");
    assertEquals((await run({ ...base, args, policy: "declared" })).result, 1);
    const command = ["exec", file, "--allow-declared", "--mount", MOUNTS[0]!, ...args];
    assertEquals((await cli(command, { cwd: folder.path })).stdout, "2\n");
    Deno.removeSync(`${folder.path}/.capsule/sessions/states`, { recursive: true });
  }
});

Deno.test("a shell: a folder mounted as /, process.chdir, argv, files by require", async () => {
  using folder = project({
    "ws/sub/main.js":
      `const { five } = require("./five"); module.exports = { five, argv: process.argv };`,
    "ws/sub/five.js": "exports.five = 5;",
    "main.ts": `import { task } from '@capsule-run/sdk';
import path from 'path';
import fs from 'fs';
import type { Place } from '@capsule-run/types';
const load = (file: string): any => {
  const module = { exports: {} };
  const find = (name: string) => load(path.resolve(path.dirname(file), name) + '.js');
  new Function('module', 'exports', 'require', fs.readFileSync(file, 'utf-8'))(module, module.exports, find);
  return module.exports;
};
const execute = task({ name: 'execute', ram: '512MB', allowedHosts: ['*'] },
  async (place: Place, file: string, args: string[]) => {
    process.chdir(place.cwd);
    Object.defineProperty(process, 'argv', { value: ['node', file, ...args], writable: true, configurable: true });
    return [load(path.resolve(file)), path.resolve('.'), fs.readdirSync('.'), fs.existsSync('../nothing')];
  });
export const main = task({ name: 'main' }, async (place: string, file: string, ...args: string[]) =>
  (await execute(JSON.parse(place), file, args)).result);
`,
  });
  const args = ['{"cwd": "/sub"}', "main.js", "a", "b"];
  const { result, error } = await run({
    file: "main.ts",
    cwd: folder.path,
    args,
    mounts: ["./ws::/"],
  });
  assertEquals(error, null, error?.message);
  const exported = { five: 5, argv: ["node", "main.js", "a", "b"] };
  assertEquals(result, [exported, "/sub", ["five.js", "main.js"], false]);
});
