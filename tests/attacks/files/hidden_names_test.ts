/** Names that guests do not see in the folders that they are granted: repositories, secrets, what Capsule keeps. */
import { assertEquals, assertRejects, assertStringIncludes } from "../../support/assert.ts";
import { type Project, project, runOrThrow as run } from "../../support/support.ts";
import { LANGUAGES } from "../attack.ts";
import { assertFail, assertGive, callFiles, type FileCall } from "./file_calls.ts";
import { CapsuleError, open } from "@capsule/sdk/runner";

const SECRET = "the secret of the host";
const SCOPE = { root: "root", writable: ["root/rw"], folders: '["rw"]' };
const ENV_FILES = [".env", ".env.local", ".env.development", ".env.production", ".envrc"];
const HIDDEN = [".git", ".capsule", ...ENV_FILES];
const ABSENT = /^ENOENT$/;
const REFUSED = /^(?:EPERM|EACCES|ENOENT)$/;

function workspace(): Project {
  const folder = project({
    "root/capsule.toml": "",
    "root/rw/a.txt": "a",
    "root/rw/.gitignore": "x",
    "root/rw/.git/config": SECRET,
    "root/rw/.git/hooks/pre-commit": SECRET,
    "root/rw/.capsule/trace.db": SECRET,
    "root/rw/.env": SECRET,
    "root/rw/.env.local": SECRET,
    "root/rw/.env.development": SECRET,
    "root/rw/.env.production": SECRET,
    "root/rw/.envrc": SECRET,
    "root/rw/sub/deep/.git/config": SECRET,
    "root/rw/sub/deep/.env": SECRET,
    "root/rw/worktree/.git": `gitdir: ${SECRET}`,
  });
  const link = (target: string, path: string) =>
    Deno.symlinkSync(target, `${folder.path}/root/rw/${path}`);
  link(".git", "to_git");
  link("to_git", "to_link");
  link(".env", "to_env");
  link("sub/deep/.git/config", "to_config");
  link("sub/../.git", "sub_to_git");
  link("sub/deep", "to_deep");
  link("../.git", "sub/up_to_git");
  return folder;
}

/** All that finds out about what lies at a path, or changes it. */
function at(path: string): FileCall[] {
  const names = ["read", "update", "list", "stat", "exists", "unlink", "rmdir", "utime"];
  return [
    ...names.map((name): FileCall => [name, path]),
    ["rename", path, "rw/stolen"],
    ["link", path, "rw/stolen"],
    ["copy", path, "rw/stolen"],
    ["readlink", path],
  ];
}

const WAYS = [
  ...HIDDEN.map((name) => `rw/${name}`),
  ...HIDDEN.slice(0, 2).flatMap((name) => [`rw/${name}/config`, `rw/${name}/trace.db`]),
  "rw/.git/",
  "rw/.git/.",
  "rw/./.git",
  "rw//.git",
  "rw/sub/../.git",
  "rw/sub/deep/../../.git/config",
  "rw/.git/hooks/../config",
  "rw/.GIT",
  "rw/.Git/config",
  "rw/.ENV",
  "rw/sub/deep/.git",
  "rw/sub/deep/.git/config",
  "rw/sub/deep/.env",
  "rw/to_deep/.git/config",
  "rw/to_deep/.env",
  "rw/worktree/.git",
  "rw/to_git/config",
  "rw/to_git/hooks/pre-commit",
  "rw/to_link/config",
  "rw/sub_to_git/config",
  "rw/sub/up_to_git/config",
];
/** Links of which the last name is followed: a link itself can be looked at, moved and removed. */
const LINKS = [
  "rw/to_git",
  "rw/to_git/",
  "rw/to_link",
  "rw/to_env",
  "rw/to_config",
  "rw/sub_to_git",
];

for (const language of LANGUAGES) {
  Deno.test(`${language}: hidden names are absent, whatever leads to them`, async () => {
    using folder = workspace();
    const calls = [
      ...WAYS.flatMap(at),
      ...LINKS.flatMap((path): FileCall[] =>
        ["read", "update", "list", "stat", "exists", "utime"].map((name) => [name, path])
      ),
    ];
    assertFail(calls, await callFiles(calls, { ...SCOPE, language, folder }), ABSENT);
  });

  Deno.test(`${language}: folders do not list hidden names`, async () => {
    using folder = workspace();
    const calls: FileCall[] = [["list", "rw"], ["list", "rw/sub/deep"], ["list", "rw/worktree"]];
    const outcomes = await callFiles(calls, { ...SCOPE, language, folder });
    const shown = [".gitignore", "a.txt", "sub", "sub_to_git", "to_config", "to_deep", "to_env"];
    assertGive(outcomes, [...shown, "to_git", "to_link", "worktree"], [], []);
  });

  Deno.test(`${language}: nothing is made under a hidden name`, async () => {
    using folder = workspace();
    const names = ["rw/new/.git", "rw/new/.env", "rw/new/.capsule", "rw/new/.ENV.x", "rw/new/.giT"];
    const calls = names.flatMap((path): FileCall[] => [
      ["mkdir", path],
      ["write", path],
      ["append", path],
      ["create", path],
      ["rename", "rw/a.txt", path],
      ["rename", "rw/other", path],
      ["link", "rw/a.txt", path],
      ["symlink", "../a.txt", path],
      ["copy", "rw/a.txt", path],
    ]);
    const made: FileCall[] = [["mkdir", "rw/new"], ["mkdir", "rw/other"]];
    const dangling: FileCall[] = [["symlink", ".git", "rw/new/later"], ["write", "rw/new/later"]];
    const all = [...made, ...calls, ...dangling, ["list", "rw/new"] as FileCall];
    const outcomes = await callFiles(all, { ...SCOPE, language, folder });
    assertGive(outcomes.splice(0, 3 - 1), null, null);
    assertGive(outcomes.splice(-1), ["later"]);
    assertGive(outcomes.splice(-2, 1), null);
    assertFail([...calls, dangling[1]!], outcomes, REFUSED);
    assertEquals([...Deno.readDirSync(`${folder.path}/root/rw/new`)].length, 1);
  });

  Deno.test(`${language}: a link that is exchanged while it is followed leads to nothing hidden`, async () => {
    using folder = workspace();
    const scope = { ...SCOPE, language };
    Deno.mkdirSync(`${folder.path}/root/rw/plain`);
    folder.write("root/rw/plain/config", "plain");
    let isOver = false;
    const swapping = (async () => {
      const [a, b, c] = ["plain", "to_git", "t"].map((name) => `${folder.path}/root/rw/${name}`);
      while (!isOver) {
        for (let time = 0; time < 50; time++) {
          for (const [from, to] of [[a, c], [b, a], [c, b], [a, c], [b, a], [c, b]]) {
            Deno.renameSync(from!, to!);
          }
        }
        await new Promise((resolve) => setTimeout(resolve));
      }
    })();
    const calls = Array.from({ length: 2000 }, (): FileCall => ["read", "rw/plain/config"]);
    const outcomes = await callFiles(calls, { ...scope, folder, writable: ["root/rw"] });
    isOver = true;
    await swapping;
    const told = JSON.stringify(outcomes);
    assertEquals(told.includes(SECRET), false);
    assertStringIncludes(told, '"plain"');
  });
}

Deno.test("python: an open folder shows no hidden name either", async () => {
  using folder = workspace();
  const calls = HIDDEN.map((name): FileCall => ["at", "rw", name]);
  calls.push(["at", "rw", "to_git/config"], ["at", "rw/sub", "../.git/config"]);
  const outcomes = await callFiles(calls, { ...SCOPE, language: "python", folder });
  assertFail(calls, outcomes, /^(?:ENOENT|EPERM)$/);
});

for (const language of LANGUAGES) {
  Deno.test(`${language}: git: "ro" shows the .git of a folder, which cannot be changed`, async () => {
    using folder = workspace();
    const scope = { ...SCOPE, language, folder, folders: '[{"path": "rw", "git": "ro"}]' };
    const given: FileCall[] = [["read", "rw/.git/config"], ["list", "rw/.git"], [
      "read",
      "rw/a.txt",
    ]];
    const refused: FileCall[] = [
      ["write", "rw/.git/config"],
      ["create", "rw/.git/new"],
      ["unlink", "rw/.git/config"],
      ["mkdir", "rw/.git/new"],
      ["rename", "rw/.git/config", "rw/stolen"],
      ["rename", "rw/a.txt", "rw/.git/config"],
      ["link", "rw/.git/config", "rw/stolen"],
    ];
    const absent: FileCall[] = [["read", "rw/sub/deep/.git/config"], ["read", "rw/.env"]];
    const outcomes = await callFiles([...given, ...refused, ...absent], scope);
    assertGive(outcomes.splice(0, 3), SECRET, ["config", "hooks"], "a");
    assertFail(absent, outcomes.splice(-2), ABSENT);
    assertFail(refused, outcomes, /^(?:EROFS|EPERM|EACCES|EXDEV)$/);
  });
}

Deno.test("a .git that leads elsewhere is not shown by git: ro", async () => {
  using folder = project({ "outside/config": SECRET, "root/capsule.toml": "", "root/rw/a": "a" });
  Deno.symlinkSync("../../outside", `${folder.path}/root/rw/.git`);
  const calls: FileCall[] = [["read", "rw/.git/config"]];
  for (const language of LANGUAGES) {
    const scope = { ...SCOPE, language, folder, folders: '[{"path": "rw", "git": "ro"}]' };
    assertFail(calls, await callFiles(calls, scope), ABSENT);
  }
});

Deno.test("a value of git that is none is refused", async () => {
  using folder = project({ "capsule.toml": "", "rw/a": "a" });
  for (const git of ['"rw"', "true", "null"]) {
    const code = `import { task } from "@capsule/sdk";
      task({ name: "main", allowedFiles: [{ path: "rw", git: ${git} }] }, () => 1);`;
    const call = () => run({ code, language: "typescript", cwd: folder.path });
    const error = await assertRejects(call, CapsuleError, 'must be "ro"');
    assertEquals(error.code, "invalid_program");
  }
});

Deno.test("hidden folders are granted to nobody, at any depth", async () => {
  using folder = workspace();
  const paths = [".git", ".git/hooks", "sub/deep/.git", ".env", ".capsule/wasm"];
  Deno.mkdirSync(`${folder.path}/root/rw/.capsule/wasm`);
  Deno.mkdirSync(`${folder.path}/root/rw/.capsule/sessions/1`, { recursive: true });
  Deno.removeSync(`${folder.path}/root/rw/.env`);
  Deno.mkdirSync(`${folder.path}/root/rw/.env`);
  const mounted = async (path: string) => {
    const language = "python" as const;
    const options = { language, cwd: `${folder.path}/root`, mounts: [path] };
    await using program = await open({ code: "def main(): return 1", ...options });
    return (await program.call("main")).result;
  };
  for (const path of paths) {
    const error = await assertRejects(() => mounted(`rw/${path}`), CapsuleError);
    assertEquals(error.code, "mount_denied", path);
  }
  assertEquals(await mounted("rw/.capsule/sessions/1"), 1);
  assertEquals(await mounted("rw"), 1);
});

Deno.test("a repository whose .git is a file is not written to under its other name", async () => {
  using folder = project({
    "capsule.toml": "",
    "work/.git": "gitdir: ../store/data\n",
    "store/data/config": "",
    "work/src/a": "",
  });
  const mounted = (mount: string) =>
    run({ code: "def main(): return 1", language: "python", cwd: folder.path, mounts: [mount] });
  assertEquals((await mounted("work/src")).result, 1);
  folder.write(".git", "gitdir: store/data");
  for (const path of ["store", "store/data"]) {
    await assertRejects(() => mounted(path), CapsuleError, "belongs to git");
    assertEquals((await mounted(`${path}:ro`)).result, 1);
  }
});
