/** `policy`: what whoever runs a program permits of that which its tasks declare. */
import { assertEquals, assertRejects, assertStringIncludes } from "../assert.ts";
import { CapsuleError } from "../../errors.ts";
import { run, type RunOptions } from "../../runner.ts";
import { answer, serve } from "../servers.ts";
import { project } from "../support.ts";

const TYPESCRIPT = `import { task } from "@capsule/sdk"; import fs from "node:fs";
  const attempt = async (body) => { try { return await body(); } catch (error) { return error.code ?? error.message; } };
  export const main = task({ name: "main", allowedFiles: ["./data", { path: "ro", mode: "ro" }],
    allowedHosts: ["localhost"], envVariables: ["A", "B"] }, async (url) => ({
      read: await attempt(() => fs.readFileSync("data/in/x", "utf8")),
      write: await attempt(() => fs.writeFileSync("data/in/y", "y") ?? "written"),
      outer: await attempt(() => fs.readFileSync("data/x", "utf8")),
      ro: await attempt(() => fs.readFileSync("ro/x", "utf8")),
      env: [process.env.A, process.env.B],
      http: await attempt(async () => (await fetch(url)).status),
    }));`;
const PYTHON = `import os, urllib.request, errno
from capsule import task
def attempt(body):
    try:
        return body()
    except OSError as error:
        return errno.errorcode.get(error.errno) or str(error)
def write(path):
    with open(path, "w") as file:
        file.write("y")
    return "written"
@task(allowed_files=["./data", {"path": "ro", "mode": "ro"}], allowed_hosts=["localhost"], env_variables=["A", "B"])
def main(url):
    return {
        "read": attempt(lambda: open("data/in/x").read()),
        "write": attempt(lambda: write("data/in/y")),
        "outer": attempt(lambda: open("data/x").read()),
        "ro": attempt(lambda: open("ro/x").read()),
        "env": [os.environ.get("A"), os.environ.get("B")],
        "http": attempt(lambda: urllib.request.urlopen(url).status),
    }
`;
const FILES = { "data/x": "outer", "data/in/x": "inner", "ro/x": "ro", ".env": "A=1" };

interface Reached {
  read: string;
  write: string;
  outer: string;
  ro: string;
  env: (string | null)[];
  http: number | string;
}

for (const [name, text] of Object.entries({ "main.ts": TYPESCRIPT, "main.py": PYTHON })) {
  Deno.test(`${name}: a policy limits what is declared`, async () => {
    using folder = project({ [name]: text, ...FILES });
    await using server = serve(answer);
    const reach = async (policy: RunOptions["policy"]) => {
      const { result, error } = await run<Reached>({
        file: name,
        cwd: folder.path,
        args: [`http://localhost:${server.port}/text`],
        // The other one stands in a file, which only a program that is trusted has something of.
        env: { B: "2" },
        ...(policy && { policy }),
      });
      assertEquals(error, null);
      return result!;
    };
    const all: Reached = {
      read: "inner",
      write: "written",
      outer: "outer",
      ro: "ro",
      env: ["1", "2"],
      http: 200,
    };
    assertEquals(await reach(undefined), all);
    assertEquals(await reach("declared"), all);
    const absent = "ENOENT";
    // What WASI has for it; Python's users see a PermissionError.
    const readOnly = name.endsWith(".py") ? "EPERM" : "EROFS";
    for (const policy of ["none", {}, { allowHosts: [] }] as const) {
      const { http, ...rest } = await reach(policy as RunOptions["policy"]);
      assertEquals(rest, {
        read: absent,
        write: absent,
        outer: absent,
        ro: absent,
        env: [null, null],
      });
      assertStringIncludes(String(http), "--allow-hosts localhost");
    }
    assertEquals(server.requests.length, 2);
    assertEquals(
      await reach({
        allowHosts: ["*", "127.0.0.1", "[::1]"],
        allowEnv: ["B", "C"],
        // What is around a declared folder grants that, and what is inside of it grants itself.
        allowFiles: [{ path: "data/in", mode: "ro" }, "ro"],
      }),
      { ...all, write: readOnly, outer: absent, env: [null, "2"] },
    );
    const part = await reach({ allowFiles: [{ path: ".", mode: "read-only" }], allowHosts: ["*"] });
    assertEquals({ ...part, http: "" }, {
      ...all,
      write: readOnly,
      env: [null, null],
      http: "",
    });
    // The name is permitted, its address is not.
    assertStringIncludes(String(part.http), "not public");
  });
}

Deno.test("a malformed policy is refused before anything runs", async () => {
  using folder = project({ "main.py": PYTHON, ...FILES });
  const refusal = async (policy: unknown) => {
    const options = { file: "main.py", cwd: folder.path, policy } as RunOptions;
    const error = await assertRejects(() => run(options), CapsuleError);
    assertEquals(error.code, "invalid_argument");
    return error.message;
  };
  assertEquals(await refusal("all"), 'policy: "all" is neither "declared", "none" nor an object');
  assertStringIncludes(await refusal(null), "policy: null is neither");
  assertEquals(
    await refusal({ allowHost: [] }),
    'policy: unknown key "allowHost"; there are: allowHosts, allowFiles, allowEnv',
  );
  assertStringIncludes(await refusal({ allowHosts: ["http://"] }), "policy: allowHosts: it has");
  assertStringIncludes(await refusal({ allowEnv: ["*"] }), "policy: allowEnv: it has");
  assertStringIncludes(await refusal({ allowFiles: ["../x"] }), "leads out of the project");
  assertStringIncludes(await refusal({ allowFiles: ["nope"] }), "there is no folder");
});

Deno.test("mounts are granted whatever the policy says", async () => {
  using folder = project({ "main.ts": TYPESCRIPT, ...FILES });
  const { result } = await run<Reached>({
    file: "main.ts",
    cwd: folder.path,
    args: ["http://localhost:1"],
    mounts: ["data:ro"],
    policy: "none",
  });
  assertEquals([result!.read, result!.write, result!.ro], ["inner", "EROFS", "ENOENT"]);
});

Deno.test("under a policy, a program imports no file that it was not given", async () => {
  using outside = project({ "secret.json": `{"password": "1234"}`, "broken.ts": "const 1234;" });
  using folder = project({
    "own.json": `{"own": true}`,
    "helper.py": "VALUE = 1",
    "node_modules/tool/package.json": `{"name": "tool", "main": "index.js"}`,
    "node_modules/tool/index.js": `export const value = "tool";`,
    "link.json": "",
  });
  Deno.removeSync(`${folder.path}/link.json`);
  Deno.symlinkSync(`${outside.path}/secret.json`, `${folder.path}/link.json`);
  const importing = (path: string, isFile: boolean, type = "") => {
    const attribute = type === "" ? "" : `with { type: "${type}" }`;
    const code = `import { task } from "@capsule/sdk";
      import * as it from ${JSON.stringify(path)} ${attribute};
      export const main = task({ name: "main" }, () => JSON.stringify(it));`;
    if (isFile) folder.write("main.ts", code);
    return run({
      ...(isFile ? { file: "main.ts" } : { code, language: "typescript" }),
      cwd: folder.path,
      policy: "none",
    });
  };
  for (const isFile of [true, false]) {
    assertEquals((await importing("tool", isFile)).success, true);
    for (
      const path of [`${outside.path}/secret.json`, `${outside.path}/broken.ts`, "./link.json"]
    ) {
      const error = await assertRejects(() => importing(path, isFile), CapsuleError);
      assertStringIncludes(error.message, "cannot import");
      assertEquals(error.message.includes("1234"), false, error.message);
    }
  }
  // esbuild looks for a path without its end, too, and has other ways to read it.
  const secret = `${outside.path}/secret.json`;
  const relative = `../${outside.path.split("/").at(-1)}/secret.json`;
  for (const isFile of [true, false]) {
    for (const end of ["?x", "#x", "?data:", "#<data:>", "?a#b?c"]) {
      for (const path of [secret, relative, `${outside.path}/broken.ts`, "./link.json"]) {
        for (const type of ["", "text", "bytes", "json"]) {
          const error = await assertRejects(() => importing(path + end, isFile, type));
          assertEquals(error.message.includes("1234"), false, error.message);
        }
      }
    }
    await assertRejects(() => importing("/proc/self/environ?x", isFile, "text"), CapsuleError);
  }
  // What looks like no file, or like the program itself.
  for (const name of ["(g)/s.json", "<g>.json", "data:.json", "code.ts", "(disabled):s.json"]) {
    folder.write(name, name.endsWith("json") ? `"1234"` : "export default 1234");
    for (const end of ["", "?x", "#x"]) {
      const error = await assertRejects(() => importing(`./${name}${end}`, false), CapsuleError);
      assertEquals(error.message.includes("1234"), false, error.message);
    }
  }
  assertEquals((await importing("./own.json", true)).success, true);
  assertEquals((await importing("./own.json?x", true)).success, true);
  await assertRejects(() => importing("./own.json", false), CapsuleError, "imports packages only");
  const python = { code: "import helper\nprint(helper.VALUE)", language: "python" } as const;
  assertEquals((await run({ ...python, cwd: folder.path })).success, true);
  const limited = await run({ ...python, cwd: folder.path, policy: "none" });
  assertStringIncludes(limited.error!.message, "No module named 'helper'");
});
