/** `policy` and `grants`: what tasks get of that which they declare, and what the host gives them besides. */
import { assertEquals, assertRejects, assertStringIncludes } from "../../support/assert.ts";
import { CapsuleError } from "../../../errors/error.ts";
import type { RunEvent, RunOptions } from "../../../runner.ts";
import { answer, serve } from "../../support/servers.ts";
import { project, runOrThrow as run } from "../../support/support.ts";

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
  Deno.test(`${name}: policy none withholds declared access, and grants give access`, async () => {
    using folder = project({ [name]: text, ...FILES });
    await using server = serve(answer);
    const reach = async (access: Pick<RunOptions, "policy" | "grants">) => {
      const { result, error } = await run<Reached>({
        file: name,
        cwd: folder.path,
        args: [`http://localhost:${server.port}/text`],
        // The other one stands in a file, which only a program that is trusted has something of.
        env: { B: "2" },
        ...access,
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
    assertEquals(await reach({}), all);
    assertEquals(await reach({ policy: "declared" }), all);
    const absent = "ENOENT";
    // What WASI has for it; Python's users see a PermissionError.
    const readOnly = name.endsWith(".py") ? "EPERM" : "EROFS";
    for (const grants of [{}, { allowedHosts: [] }]) {
      const { http, ...rest } = await reach({ policy: "none", grants });
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
    const reached = await reach({
      policy: "none",
      grants: {
        allowedHosts: ["*", "127.0.0.1", "[::1]"],
        envVariables: ["B", "C"],
        allowedFiles: [{ path: "data/in", mode: "ro" }, { path: `${folder.path}/ro`, as: "ro" }],
      },
    });
    assertEquals(reached, { ...all, write: readOnly, outer: absent, env: [null, "2"] });
    const allowedFiles = [{ path: ".", mode: "read-only" }] as const;
    const grants = { allowedFiles: [...allowedFiles], allowedHosts: ["*"] };
    const part = await reach({ policy: "none", grants });
    assertEquals({ ...part, http: "" }, {
      ...all,
      write: readOnly,
      env: [null, null],
      http: "",
    });
    // The name is granted, its address is not.
    assertStringIncludes(String(part.http), "not public");
  });
}

Deno.test("grants add to declared access, and never reduce it", async () => {
  using folder = project({
    "main.py": `import os
from capsule import task
def can_write(path):
    try:
        with open(path + "/new", "w"):
            return True
    except OSError:
        return False
@task(allowed_files=["rw", {"path": "ro", "mode": "ro"}])
def main(): return [can_write("rw"), can_write("ro"), can_write("/more"), os.environ.get("A")]`,
    "rw/x": "",
    "ro/x": "",
  });
  using outside = project({ "x/x": "" });
  const reached = async (grants: RunOptions["grants"]) => {
    const options = { file: "main.py", cwd: folder.path, env: { A: "a" } };
    return (await run({ ...options, grants: grants! })).result;
  };
  assertEquals(await reached({}), [true, false, false, null]);
  const lower: RunOptions["grants"] = { allowedFiles: [{ path: "rw", mode: "ro" }] };
  assertEquals(await reached(lower), [true, false, false, null]);
  assertEquals(await reached({ allowedFiles: ["ro"] }), [true, true, false, null]);
  const elsewhere = { path: `${outside.path}/x`, as: "more" };
  const more = { allowedFiles: [elsewhere], envVariables: ["A"] };
  assertEquals(await reached(more), [true, false, true, "a"]);
  await assertRejects(
    () => reached({ allowedFiles: [{ ...elsewhere, as: "rw" }] }),
    CapsuleError,
    "tasks would see it as /rw, like another folder",
  );
});

Deno.test("an absolute folder is granted by its own path, unless that is unsafe", async () => {
  using folder = project({
    "main.py": `def main(path): return open(path).read()`,
    "capsule.toml": "",
  });
  using outside = project({
    "a.txt": "a",
    ".env": "A=1",
    ".git/config": "[core]",
    "sub/.git/x": "",
  });
  const call = (path: string, mode: "ro" | "rw", asked = `${path}/a.txt`) =>
    run({
      file: "main.py",
      args: [asked],
      cwd: folder.path,
      grants: { allowedFiles: [{ path, mode }] },
    });
  assertEquals((await call(outside.path, "ro")).result, "a");
  assertEquals((await call(outside.path, "rw")).result, "a");
  for (const hidden of [".env", ".git/config", "sub/.git/x"]) {
    const { error } = await call(outside.path, "rw", `${outside.path}/${hidden}`);
    assertStringIncludes(error!.message, "FileNotFoundError");
  }
  const refused: [string, "ro" | "rw", string][] = [
    [`${outside.path}/.git`, "ro", "belongs to git"],
    [`${outside.path}/sub/.git`, "rw", "belongs to git"],
    [`${outside.path}/a.txt`, "ro", "it is not a folder"],
    [`${outside.path}/absent`, "ro", "does not exist"],
    [folder.path, "rw", "capsule.toml"],
    [folder.path.slice(0, folder.path.lastIndexOf("/")), "rw", "capsule.toml"],
    ["../elsewhere", "ro", "must be a path inside the project"],
  ];
  for (const [path, mode, problem] of refused) {
    const error = await assertRejects(() => call(path, mode), CapsuleError, problem);
    assertEquals(error.code, "invalid_argument");
  }
});

Deno.test("a program given as text gets no declared access", async () => {
  using folder = project({ "data/x": "x", ".env": "TOKEN=t" });
  const codes = {
    typescript: `import { task } from "@capsule/sdk"; import fs from "node:fs";
      const attempt = (body) => { try { return body(); } catch { return null; } };
      task({ name: "main", ram: "4GB", timeout: "1h", maxRetries: 9, allowedFiles: ["data"], envVariables: ["TOKEN", "HOME"] },
        () => [attempt(() => fs.readFileSync("data/x", "utf8")), process.env.TOKEN ?? null, process.env.HOME ?? null]);`,
    python: `import os
from capsule import task
def attempt(body):
    try: return body()
    except OSError: return None
@task(ram="4GB", timeout="1h", max_retries=9, allowed_files=["data"], env_variables=["TOKEN", "HOME"])
def main(): return [attempt(lambda: open("data/x").read()), os.environ.get("TOKEN"), os.environ.get("HOME")]`,
  };
  for (const [language, code] of Object.entries(codes)) {
    const events: RunEvent[] = [];
    const { result } = await run({
      code,
      language: language as "python",
      cwd: folder.path,
      onEvent: (event) => void events.push(event),
    });
    assertEquals(result, [null, null, null]);
    const withheld = events.find(({ type }) => type === "access_withheld");
    const wanted = { hosts: [], files: ["data"], env: ["TOKEN", "HOME"] };
    assertEquals(withheld, { type: "access_withheld", ...wanted });
    const clipped = events.find((event) => event.type === "limits_clipped");
    assertEquals(clipped?.type === "limits_clipped" && clipped.limits, [
      { task: "main", option: "ram", declared: 2 ** 32, limit: 2 ** 29 },
      { task: "main", option: "timeout", declared: 3_600_000, limit: 30_000 },
      { task: "main", option: "maxRetries", declared: 9, limit: 0 },
    ]);
  }
});

Deno.test("malformed policies and grants are refused before anything runs", async () => {
  using folder = project({ "main.py": PYTHON, ...FILES });
  const refusal = async (options: object) => {
    const all = { file: "main.py", cwd: folder.path, ...options } as RunOptions;
    const error = await assertRejects(() => run(all), CapsuleError);
    assertEquals(error.code, "invalid_argument");
    return error.message;
  };
  assertEquals(
    await refusal({ policy: "all" }),
    'policy: must be "declared" or "none" (got "all")',
  );
  assertStringIncludes(await refusal({ policy: null }), "(got null)");
  assertStringIncludes(await refusal({ policy: { allowHosts: [] } }), "(got {");
  const grants = (grants: unknown) => refusal({ grants });
  assertEquals(
    await grants({ allowHosts: [] }),
    "grants.allowHosts: unknown key; expected one of allowedFiles, allowedHosts, envVariables",
  );
  assertStringIncludes(await grants([]), "grants: must be a plain object (got [])");
  assertStringIncludes(
    await grants({ allowedHosts: ["http://"] }),
    "grants.allowedHosts[0]: must be a host",
  );
  assertStringIncludes(
    await grants({ envVariables: ["*"] }),
    "grants.envVariables[0]: must be the name",
  );
  assertStringIncludes(
    await grants({ allowedFiles: ["../x"] }),
    "must be a path inside the project",
  );
  assertStringIncludes(await grants({ allowedFiles: ["nope"] }), "does not exist");
  assertStringIncludes(
    await grants({ allowedFiles: [{ path: "data", as: "../x" }] }),
    "grants.allowedFiles[0].as: must be a path inside",
  );
});

Deno.test("an invalid grant has a hint with the right syntax", async () => {
  using folder = project({ "data/x": "x" });
  const hintOf = async (allowedFiles: string[]) => {
    const grants = { allowedFiles };
    const options = { code: "1", language: "python", cwd: folder.path, grants } as const;
    return (await assertRejects(() => run(options), CapsuleError)).hint;
  };
  assertEquals(
    await hintOf(["./data:ro"]),
    'a mode is a member of its own: { path: "data", mode: "ro" }',
  );
  assertEquals(await hintOf(["nope"]), `make the folder first: ${folder.path}/nope`);
  assertEquals(await hintOf(["../x"]), "write a folder elsewhere as an absolute path");
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
  const trusted = await run({ ...python, cwd: folder.path, policy: "declared" });
  assertEquals(trusted.success, true);
  const limited = await run({ ...python, cwd: folder.path, policy: "none" });
  assertStringIncludes(limited.error!.message, "No module named 'helper'");
});
