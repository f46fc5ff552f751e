/** Links that leave the folders of a task: they can be made, and are not followed. */
import { assertEquals, assertRejects, assertTrue } from "../../support/assert.ts";
import { type Project, project } from "../../support/support.ts";
import { attack, LANGUAGES } from "../attack.ts";
import { assertFail, assertGive, callFiles, type FileCall, prelude } from "./file_calls.ts";
import { CapsuleError, open } from "@capsule/sdk/runner";

const SECRET = "the secret of the host";
const NO_ACCESS = /^(?:ENOENT|EPERM|EACCES|EROFS|ENOTDIR|EISDIR|EINVAL|EEXIST|EXDEV)$/;
const FOLDERS = '["rw", {"path": "ro", "mode": "ro"}]';

function workspace(): Project {
  return project({
    "secret.txt": SECRET,
    "outside/secret.txt": SECRET,
    "root/capsule.toml": "",
    "root/secret.txt": SECRET,
    "root/rw/a.txt": "a",
    "root/rw/sub/b.txt": "b",
    "root/ro/a.txt": "a",
    "root/ro/sub/b.txt": "b",
  });
}

const SCOPE = { root: "root", writable: ["root/rw"], folders: FOLDERS };

/** Everything that could go through a link to a file or a folder. */
function through(link: string): FileCall[] {
  const names = ["read", "write", "append", "update", "empty", "list", "stat", "utime", "exists"];
  const below = ["read", "write", "create", "mkdir", "unlink", "rmdir", "list", "stat", "utime"];
  return [
    ...names.map((name): FileCall => [name, link]),
    ...["secret.txt", "passwd", "new"].flatMap((file) =>
      below.map((name): FileCall => [name, `${link}/${file}`])
    ),
    ["set_size", link, 0],
    ["copy", link, "rw/stolen"],
    ["copy", "rw/a.txt", link],
    ["link", `${link}/secret.txt`, "rw/stolen"],
    ["link", "rw/a.txt", `${link}/new`],
    ["rename", `${link}/secret.txt`, "rw/stolen"],
    ["rename", "rw/a.txt", `${link}/new`],
    ["symlink", "x", `${link}/new`],
  ];
}

for (const language of LANGUAGES) {
  Deno.test(`${language}: a link that a guest creates leads nowhere outside its folder`, async () => {
    using folder = workspace();
    const absolute = ["/etc", "/etc/passwd", "/proc/self/root", `${folder.path}/outside`, "/rw/.."];
    const refused = absolute.map((target): FileCall => ["symlink", target, "rw/link"]);
    assertFail(refused, await callFiles(refused, { ...SCOPE, language, folder }), /^EPERM$/);
    const relative = [
      ...[
        "..",
        "../..",
        "../../secret.txt",
        "../ro",
        "../ro/a.txt",
        "../../outside",
        "../secret.txt",
      ],
      ...["../new", "sub/../../..", "./sub/../../../outside", "../rw/../../outside", "a.txt/../.."],
    ];
    for (const target of relative) {
      const making: FileCall[] = [["symlink", target, "rw/link"], ["symlink", "link", "rw/chain"]];
      const tried = [...through("rw/link"), ...through("rw/chain"), ...through("rw/sub/../link")];
      const calls: FileCall[] = [...making, ...tried, ["list", "rw"], ["read", "rw/a.txt"]];
      const outcomes = await callFiles(calls, { ...SCOPE, language, folder });
      assertGive(outcomes.splice(0, 2), null, null);
      assertGive(outcomes.splice(-2), ["a.txt", "chain", "link", "sub"], "a");
      assertFail(tried, outcomes, NO_ACCESS);
      for (const name of ["link", "chain"]) Deno.removeSync(`${folder.path}/root/rw/${name}`);
    }
  });

  Deno.test(`${language}: a host's link to outside its folder is not followed`, async () => {
    using folder = workspace();
    const link = (target: string, path: string) =>
      Deno.symlinkSync(target, `${folder.path}/root/${path}`);
    const links = {
      "out": "../../outside",
      "file": "../../secret.txt",
      "near": "../secret.txt",
      "etc": "/etc",
      "chain": "out",
      "sub/deep": "../../../outside",
      "absolute": `${folder.path}/root/rw/a.txt`,
      "missing": "../../new",
    };
    for (const [path, target] of Object.entries(links)) {
      for (const  of of["rw", "ro"]) link(target, `${of}/${path}`);
    }
    link("../ro", "rw/other");
    link("../rw", "ro/other");
    link("sub/b.txt", "rw/inside");
    link("./sub/../sub", "ro/inside");
    const tried = [...Object.keys(links), "other"].flatMap((path) => [
      ...through(`rw/${path}`),
      ...through(`ro/${path}`),
    ]);
    const controls: FileCall[] = [
      ["write", "rw/inside"],
      ["read", "rw/sub/b.txt"],
      ["read", "ro/inside/b.txt"],
      // What a link says is in the folder; where that leads is not looked at.
      ["readlink", "rw/file"],
      ["realpath", "rw/other"],
    ];
    const refused: FileCall[] = [["write", "ro/inside/b.txt"], ["unlink", "ro/inside"]];
    const calls = [...controls, ...refused, ...tried];
    const outcomes = await callFiles(calls, { ...SCOPE, language, folder });
    assertGive(outcomes.splice(0, 5), null, "written", "b", "../../secret.txt", "/ro");
    assertFail([...refused, ...tried], outcomes, NO_ACCESS);
  });

  Deno.test(`${language}: removing and copying trees follows no link`, async () => {
    using folder = workspace();
    folder.write("root/rw/tree/inner/c.txt", "c");
    Deno.symlinkSync("../../../outside", `${folder.path}/root/rw/tree/out`);
    Deno.symlinkSync("/etc", `${folder.path}/root/rw/tree/inner/etc`);
    const calls: FileCall[] = [["remove_tree", "rw/tree"], ["list", "rw"]];
    assertGive(await callFiles(calls, { ...SCOPE, language, folder }), null, ["a.txt", "sub"]);
  });

  Deno.test(`${language}: circular links are errors`, async () => {
    using folder = workspace();
    const making: FileCall[] = [
      ["symlink", "self", "rw/self"],
      ["symlink", "two", "rw/one"],
      ["symlink", "one", "rw/two"],
      ["symlink", "../sub", "rw/sub/around"],
      ["symlink", "grow/x", "rw/grow"],
    ];
    const tried = ["rw/self", "rw/one", "rw/two/a.txt", "rw/grow"].flatMap((path): FileCall[] =>
      ["read", "write", "list", "stat", "mkdir", "realpath", "utime"].map((name) => [name, path])
    );
    tried.push(["read", `rw/sub/${"around/".repeat(100)}b.txt`]);
    const outcomes = await callFiles(
      [...making, ["read", `rw/sub/${"around/".repeat(10)}b.txt`], ...tried],
      { ...SCOPE, language, folder },
    );
    assertGive(outcomes.splice(0, making.length + 1), null, null, null, null, null, "b");
    assertFail(tried, outcomes, /^(?:ELOOP|ENOENT|EEXIST|EPERM|ENOTDIR)$/);
  });

  Deno.test(`${language}: a declared folder that is a link to outside is refused`, async () => {
    using folder = workspace();
    Deno.symlinkSync("../outside", `${folder.path}/root/link`);
    Deno.symlinkSync("..", `${folder.path}/root/rw/up`);
    for (const path of ["link", "rw/up/../outside", "rw/up/rw/up/up"]) {
      const refused = () =>
        callFiles([], { language, folders: `["${path}"]`, folder, root: "root" });
      const error = await assertRejects(refused, CapsuleError);
      assertEquals(error.code, "invalid_program", error.message);
    }
  });

  Deno.test(`${language}: a folder that is replaced by a link while a program is open stays the original one`, async () => {
    using folder = workspace();
    const option = { typescript: 'allowedFiles: ["rw"]', python: 'allowed_files=["rw"]' };
    const code = prelude(language) + {
      typescript: `task({ name: "main", ${option.typescript} }, async (calls) =>
        Promise.all(calls.map(perform)));`,
      python:
        `\n@task(${option.python})\ndef main(calls): return [perform(call) for call in calls]`,
    }[language];
    const options = { cwd: `${folder.path}/root`, policy: "declared" } as const;
    await using program = await open({ code, language, ...options });
    Deno.renameSync(`${folder.path}/root/rw`, `${folder.path}/root/moved`);
    Deno.symlinkSync("../outside", `${folder.path}/root/rw`);
    const { result } = await program.call("main", [[["list", "rw"], ["read", "rw/secret.txt"]]]);
    assertEquals(result, [{ value: ["a.txt", "sub"] }, { error: "ENOENT" }]);
  });
}

/** One task exchanges a file and a link, another reads. */
const RACE = {
  typescript: `${prelude("typescript")}
    const swap = task({ name: "swap", allowedFiles: ["rw"], compute: "HIGH" }, () => {
      for (let i = 0; i < 150; i++) {
        fs.rmSync("rw/race/x", { force: true });
        if (i % 2) fs.symlinkSync("../../../secret.txt", "rw/race/x");
        else fs.writeFileSync("rw/race/x", "mine");
        fs.renameSync("rw/race", "rw/folder"); fs.symlinkSync("../../outside", "rw/race");
        fs.unlinkSync("rw/race"); fs.renameSync("rw/folder", "rw/race");
      }
    });
    const look = task({ name: "look", allowedFiles: ["rw"], compute: "HIGH" }, () => {
      const seen = {};
      for (let i = 0; i < 500; i++) {
        for (const path of ["rw/race/x", "rw/race/secret.txt"]) {
          let text;
          try { text = fs.readFileSync(path, "utf8"); } catch (error) { text = error.code; }
          try { fs.appendFileSync("rw/race/secret.txt", "!"); } catch { /* As wanted. */ }
          seen[text] = (seen[text] ?? 0) + 1;
        }
      }
      return seen;
    });
    task({ name: "main", allowedFiles: ["rw"] }, async () => {
      fs.mkdirSync("rw/race");
      const calls = await Promise.all([look(), swap(), look()]);
      return [calls.map((call) => call.error), calls[0].result, calls[2].result];
    });`,
  python: `${prelude("python")}
@task(allowed_files=["rw"], compute="HIGH")
def swap():
    for i in range(150):
        pathlib.Path("rw/race/x").unlink(missing_ok=True)
        if i % 2: os.symlink("../../../secret.txt", "rw/race/x")
        else: pathlib.Path("rw/race/x").write_text("mine")
        os.rename("rw/race", "rw/folder"); os.symlink("../../outside", "rw/race")
        os.unlink("rw/race"); os.rename("rw/folder", "rw/race")
@task(allowed_files=["rw"], compute="HIGH")
def look():
    seen = {}
    for _ in range(500):
        for path in ["rw/race/x", "rw/race/secret.txt"]:
            try: text = pathlib.Path(path).read_text()
            except OSError as error: text = errno.errorcode[error.errno]
            try:
                with open("rw/race/secret.txt", "a") as file: file.write("!")
            except OSError: pass
            seen[text] = seen.get(text, 0) + 1
    return seen
@task(allowed_files=["rw"])
def main():
    os.mkdir("rw/race")
    calls = [call.result() for call in [look.submit(), swap.submit(), look.submit()]]
    return [[call["error"] for call in calls], calls[0]["result"], calls[2]["result"]]`,
};

for (const language of LANGUAGES) {
  Deno.test(`${language}: a link that appears between check and use is not followed`, async () => {
    using folder = workspace();
    const code = RACE[language];
    const { result, error } = await attack({
      language,
      code,
      folder,
      root: "root",
      writable: ["root/rw"],
    });
    assertEquals(error, null, error?.message);
    const [errors, ...seen] = result as unknown as [unknown[], ...Record<string, number>[]];
    assertEquals(errors, [null, null, null]);
    for (const text of seen.flatMap(Object.keys)) {
      assertTrue(/^(?:mine|!*|E[A-Z]+)$/.test(text), `"${text}" was read`);
    }
    assertTrue(seen.some(({ mine }) => mine! > 0), JSON.stringify(seen));
  });
}
