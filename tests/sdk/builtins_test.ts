/** Node's modules and `isWasmMode`, as the SDK exports them on hosts and in sandboxes. */
import nodeFs from "node:fs";
import nodeFsPromises from "node:fs/promises";
import nodeOs from "node:os";
import nodePath from "node:path";
import nodeProcess from "node:process";
import { fs, fsPromises, isWasmMode, os, path, process } from "@capsule/sdk";
import { assertEquals } from "../support/assert.ts";
import { project, ROOT, runOrThrow as run } from "../support/support.ts";

Deno.test("on a host, the SDK exports Node's modules", async () => {
  using folder = project({ "a.txt": "a" });
  const file = path.join(folder.path, "a.txt");
  assertEquals(fs.readFileSync(file, "utf8"), "a");
  assertEquals(await fs.promises.readFile(file, "utf8"), "a");
  assertEquals(await fsPromises.readFile(file, "utf8"), "a");
  assertEquals([os.EOL, path.posix.sep], [nodeOs.EOL, "/"]);
  assertEquals([process.pid, process.cwd()], [nodeProcess.pid, Deno.cwd()]);
  const pairs: [object, object][] = [
    [fs, nodeFs],
    [fsPromises, nodeFsPromises],
    [os, nodeOs],
    [path, nodePath],
    [process, nodeProcess],
  ];
  for (const [ours, nodes] of pairs) {
    assertEquals(Reflect.ownKeys({ ...ours }), Reflect.ownKeys({ ...nodes }));
    assertEquals("nothing of that name" in ours, false);
    assertEquals(Object.getPrototypeOf(ours), Object.getPrototypeOf(nodes));
  }
});

Deno.test("a function replaced in a module is replaced for all importers", () => {
  const { basename } = nodePath;
  try {
    path.basename = () => "replaced";
    assertEquals(nodePath.basename("/a/b"), "replaced");
    Object.defineProperty(path, "basename", { value: () => "again", writable: true });
    assertEquals(nodePath.basename("/a/b"), "again");
  } finally {
    nodePath.basename = basename;
  }
  let heard = 0;
  const listener = () => heard++;
  process.on("SIGUSR2", listener);
  nodeProcess.emit("SIGUSR2");
  process.off("SIGUSR2", listener);
  nodeProcess.emit("SIGUSR2");
  assertEquals(heard, 1);
});

Deno.test("importing the SDK loads no module of Node, and needs none", async () => {
  const script = `import * as sdk from "${ROOT}mod.ts";
    const asked = [];
    globalThis.process = { getBuiltinModule(name) { asked.push(name); return { name }; } };
    const before = asked.length;
    sdk.fs.name, sdk.fs.name, sdk.os.name;
    globalThis.process = undefined;
    let message;
    try { sdk.path.join } catch (error) { message = error.message }
    console.log(JSON.stringify([before, asked, message]));`;
  using app = project({ "main.ts": script });
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", `--config=${ROOT}deno.json`, `${app.path}/main.ts`],
  }).output();
  assertEquals(JSON.parse(new TextDecoder().decode(stdout)), [
    0,
    ["node:fs", "node:os"],
    'Cannot load "node:path": this runtime has no built-in modules of Node',
  ]);
});

Deno.test("isWasmMode tells a sandbox from a host, whatever else says so", async () => {
  assertEquals(isWasmMode(), false);
  const global = globalThis as Record<string, unknown>;
  // What the original looks for.
  global["capsule:host/api"] = { scheduleTask: () => "" };
  assertEquals(isWasmMode(), false);
  delete global["capsule:host/api"];
  const code = `import { isWasmMode, task } from "@capsule-run/sdk";
    const atTop = isWasmMode();
    const sub = task({ name: "sub" }, () => isWasmMode());
    task({ name: "main" }, async () => [atTop, isWasmMode(), (await sub()).result]);`;
  const { result } = await run({ code, language: "typescript" });
  assertEquals(result, [true, true, true]);
});

const PROGRAM = `import { fs, fsPromises, os, path, process, task } from "@capsule-run/sdk";
import nodeFs from "node:fs";
import nodeFsPromises from "node:fs/promises";
import nodeOs from "node:os";
import nodePath from "node:path";
import nodeProcess from "node:process";
// The program's own global is not taken by a name of the SDK.
const own = globalThis.process === process;
const main = task({ name: "main", allowedFiles: ["data"], envVariables: ["SHOWN"] }, async () => {
  fs.writeFileSync(path.join("data", "a.txt"), "a");
  await fsPromises.appendFile("data/a.txt", "b");
  const outside = fs.existsSync("/etc/passwd");
  return {
    same: [fs === nodeFs, fsPromises === nodeFsPromises, os === nodeOs, path === nodePath,
      process === nodeProcess, fs.promises === fsPromises],
    text: await fs.promises.readFile("data/a.txt", "utf8"), cpus: os.cpus().length > 0,
    env: { ...process.env }, own, outside,
  };
});
`;

Deno.test("in a sandbox, the SDK's modules are those of the sandbox", async () => {
  using folder = project({
    "capsule.toml": "",
    "data/b.txt": "",
    "plain.ts": PROGRAM,
    // What esbuild bundles.
    "bundled.ts": `import "./other.ts";\n${PROGRAM}`,
    "other.ts": "export const process = 1, fs = 2;",
  });
  const expected = {
    same: [true, true, true, true, true, true],
    text: "ab",
    cpus: true,

    env: { SHOWN: "1" },
    own: true,
    outside: false,
  };
  const env = { SHOWN: "1", HIDDEN: "2" };
  for (const file of ["plain.ts", "bundled.ts"]) {
    const { result, error } = await run({ file, cwd: folder.path, env });
    assertEquals([result, error], [expected, null], file);
  }
});
