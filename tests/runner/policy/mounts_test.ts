import {
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "../../support/assert.ts";
import { project, runOrThrow as run } from "../../support/support.ts";
import { parseMounts } from "../../../runner/policy/files/mounts.ts";
import { resolveFolders } from "../../../runner/policy/files/folders.ts";
import { Invalid } from "../../../errors/invalid.ts";
import { CapsuleError } from "@capsule/sdk/runner";

Deno.test("parseMounts() reads host, guest and mode", () => {
  const values = [
    ["work", "work", "/work", false],
    ["work:ro", "work", "/work", true],
    ["./a/b::w:rw", "a/b", "/w", false],
    ["work::/deep/in:ro", "work", "/deep/in", true],
    [".::/all:ro", ".", "/all", true],
  ] as const;
  for (const [spec, host, guest, readOnly] of values) {
    assertEquals(parseMounts([spec]), [{ spec, host, guest, readOnly }]);
  }
});

Deno.test("parseMounts() rejects malformed mounts and folders outside the project", () => {
  const values = [
    ["", "write HOST"],
    ["/etc", "HOST is absolute"],
    ["/etc::etc:ro", "HOST is absolute"],
    ["..", "HOST leads out"],
    ["a/../../b", "HOST leads out"],
    ["a::../b", 'GUEST contains ".."'],
    ["a::b::c", 'more than one "::"'],
    ["a:rx", "its mode is neither"],
    ["::b", "a path is empty"],
    ["a::", "a path is empty"],
    ["a\0b", "it contains NUL"],
  ] as const;
  for (const [spec, problem] of values) {
    const error = assertThrows(() => parseMounts([spec]), CapsuleError, problem);
    assertEquals(error.code, "mount_denied");
  }
});

/** A project with folders, links and what belongs to Capsule. */
function workspace() {
  const folder = project({
    "capsule.toml": "",
    "data/a.txt": "a",
    "data/inner/b.txt": "b",
    "other/c.txt": "c",
    ".git/config": "",
    ".capsule/wasm/x": "",
    ".capsule/sessions/1/s.txt": "s",
    "file.txt": "",
  });
  Deno.symlinkSync("/etc", `${folder.path}/out`);
  Deno.symlinkSync("data", `${folder.path}/alias`);
  return folder;
}

Deno.test("a folder is granted by its real path, at the path that it was given by", () => {
  using folder = workspace();
  const resolve = (path: string, readOnly = false) =>
    resolveFolders(folder.path, { declared: [{ path, readOnly }], granted: [], mounts: [] });
  const grant = (name: string, guest: string, read_only = false) => [
    { host: `${folder.path}/${name}`, guest, read_only },
  ];
  assertEquals(resolve("data"), grant("data", "/data"));
  assertEquals(resolve("alias"), grant("data", "/alias"));
  assertEquals(resolve(`${folder.path}/data`), grant("data", `${folder.path}/data`));
  assertEquals(
    resolve(".capsule/sessions/1"),
    grant(".capsule/sessions/1", "/.capsule/sessions/1"),
  );
  assertEquals(resolve(".", true), [{ host: folder.path, guest: "/", read_only: true }]);
});

Deno.test("a folder that may not be granted is refused, declared or mounted", () => {
  using folder = workspace();
  const values: [string, string][] = [
    ["missing", "does not exist"],
    ["file.txt", "it is not a folder"],
    ["out", "leads out of the project"],
    [".git", "belongs to git"],
    [".git/", "belongs to git"],
    [".capsule", "belongs to Capsule"],
    [".capsule/wasm", "belongs to Capsule"],
    [".", "it contains the project, with capsule.toml, .capsule, .git"],
  ];
  for (const [path, problem] of values) {
    const declared = [{ path, readOnly: false }];
    assertThrows(
      () => resolveFolders(folder.path, { declared, granted: [], mounts: [] }),
      Invalid,
      problem,
    );
    const mounts = parseMounts([path]);
    const mounted = () => resolveFolders(folder.path, { declared: [], granted: [], mounts });
    assertThrows(mounted, CapsuleError, problem);
  }
});

Deno.test("mounts never change a declared mode, and conflicts are refused", () => {
  using folder = workspace();
  const resolve = (declared: [string, boolean][], mounts: string[]) =>
    resolveFolders(folder.path, {
      granted: [],
      declared: declared.map(([path, readOnly]) => ({ path, readOnly })),
      mounts: parseMounts(mounts),
    }).map(({ guest, read_only }) => [guest, read_only]);
  assertEquals(resolve([["data", true]], ["data::w:rw"]), [["/data", true], ["/w", true]]);
  assertEquals(resolve([["data", true]], ["data:rw"]), [["/data", true]]);
  assertEquals(resolve([["data", true]], ["data/inner::i"]), [["/data", true], ["/i", true]]);
  assertEquals(resolve([["data", true]], ["data/inner:rw"]), [["/data", true], [
    "/data/inner",
    false,
  ]]);
  assertEquals(resolve([["data", true]], ["data/inner:ro"]), [["/data", true], [
    "/data/inner",
    true,
  ]]);
  assertEquals(resolve([[".", true]], ["data::w"]), [["/", true], ["/w", false]]);
  assertEquals(resolve([["data", false]], ["other:ro"]), [["/data", false], ["/other", true]]);
  assertEquals(resolve([["data", true], ["data/inner", false]], []), [
    ["/data", true],
    ["/data/inner", false],
  ]);
  const refused: [[string, boolean][], string[], string][] = [
    [[["data", false], ["data/inner", true]], [], "makes /data/inner read-only"],
    [[["data/inner", true]], ["data"], "makes /data/inner read-only"],
    [[["data", false]], ["data/inner::i:ro"], "makes /i read-only"],
    [[["data", false]], ["alias::a:ro"], "makes /a read-only"],
    [[["data", false]], ["other::data"], "tasks would see it as /data, like another folder"],
    [[], ["data::w", "other::w"], "tasks would see it as /w, like another folder"],
    [[], ["data::.capsule/packages"], "GUEST lies in /.capsule/packages"],
  ];
  for (const [declared, mounts, problem] of refused) {
    const error = assertThrows(() => resolve(declared, mounts));
    assertStringIncludes(error.message, problem);
  }
});

for (const language of ["typescript", "python"] as const) {
  Deno.test(`${language}: a mount inside of a read-only folder may be written to`, async () => {
    using folder = workspace();
    folder.write(
      "main.ts",
      `import { task } from "@capsule/sdk";
import { writeFileSync } from "node:fs";
task({ name: "main", allowedFiles: [{ path: "./", mode: "read-only" }] }, () => {
  writeFileSync("w/new.txt", "x");
  try { writeFileSync("data/new.txt", "x"); } catch (error) { return error.code; }
});`,
    );
    folder.write(
      "main.py",
      `
from capsule import task
@task(allowed_files=[{"path": "./", "mode": "read-only"}])
def main():
    open("w/new.txt", "w").write("x")
    try: open("data/new.txt", "w")
    except PermissionError: return "EROFS"`,
    );
    const file = language === "python" ? "main.py" : "main.ts";
    const { result, error } = await run({ file, cwd: folder.path, mounts: ["other::w"] });
    assertEquals(error, null, error?.message);
    assertEquals(result, "EROFS");
    assertEquals(Deno.readTextFileSync(`${folder.path}/other/new.txt`), "x");
  });
}

Deno.test("mounts reach sub-tasks; errors name file, task and option", async () => {
  using folder = workspace();
  folder.write(
    "main.py",
    `
from capsule import task
@task
def child(): return open("w/a.txt").read()
@task
def main():
    try: open("w/new", "w")
    except OSError as error: refused = type(error).__name__
    return [open("/w/a.txt").read(), child()["result"], refused]`,
  );
  const mounts = ["data::w:ro"];
  const { result, error } = await run({ file: "main.py", cwd: folder.path, mounts });
  assertEquals(error, null);
  assertEquals(result, ["a", "a", "PermissionError"]);
  const mounted = await assertRejects(
    () => run({ file: "main.py", cwd: folder.path, mounts: ["nope"] }),
    CapsuleError,
    'Cannot mount "nope": it does not exist',
  );
  assertEquals(mounted.code, "mount_denied");
  const code = `from capsule import task
@task(allowed_files=["./nope"])
def main(): pass`;
  const declared = await assertRejects(
    () => run({ code, language: "python", cwd: folder.path, policy: "declared" }),
    CapsuleError,
    'code.py: task "main": allowed_files: cannot grant "nope": it does not exist',
  );
  assertEquals(declared.code, "invalid_program");
});
