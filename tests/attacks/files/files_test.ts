/** Files that a task was not given, and folders that it may only read. */
import { assertEquals, assertMatch, assertRejects, assertTrue } from "../../support/assert.ts";
import { type Project, project } from "../../support/support.ts";
import { LANGUAGES } from "../attack.ts";
import { assertFail, assertGive, callFiles, type FileCall } from "./file_calls.ts";
import { CapsuleError } from "@capsule/sdk/runner";

const SECRET = "the secret of the host";
const NO_ACCESS = /^(?:ENOENT|EPERM|EACCES|EROFS|ENOTDIR|EISDIR|EINVAL|EEXIST)$/;
const FOLDERS = '["rw", {"path": "ro", "mode": "ro"}]';

/** A project in a folder with more: of that, tasks get `rw` and `ro`. */
function workspace(): Project {
  return project({
    "secret.txt": SECRET,
    "root/capsule.toml": "",
    "root/.env": SECRET,
    "root/secret.txt": SECRET,
    "root/.git/config": SECRET,
    "root/rw/a.txt": "a",
    "root/ro/a.txt": "a",
    "root/ro/sub/b.txt": "b",
  });
}

const SCOPE = { root: "root", writable: ["root/rw"] };

for (const language of LANGUAGES) {
  Deno.test(`${language}: paths outside the granted folders are refused`, async () => {
    using folder = workspace();
    const paths = [
      ...["../secret.txt", "secret.txt", ".env", ".git/config", "capsule.toml", "/secret.txt"],
      ...["rw/../secret.txt", "rw/../../secret.txt", "/rw/../../../../../etc/passwd"],
      ...["rw/./../.././secret.txt", "rw//..//..//secret.txt", "ro/sub/../../../secret.txt"],
      ...["rw/a.txt/../../../secret.txt", "rw/none/../../../secret.txt", "/rw/..", "/../.."],
      ...["/etc/passwd", "//etc/passwd", "/etc/../etc/passwd", "/proc/self/mem", "/proc/1/environ"],
      ...["/proc/self/root/etc/passwd", "/proc/self/fd/0", "/dev/mem", "/dev/sda", "/sys/kernel"],
      ...["\\\\etc\\passwd", "..\\secret.txt", "rw\\..\\..\\secret.txt", "file:///etc/passwd", "~"],
      ...[
        "rw/%2e%2e/%2e%2e/secret.txt",
        "rw/．．/secret.txt",
        "C:x",
        "C:\\Windows",
        "\\\\?\\C:\\x",
      ],
      ...[`${folder.path}/secret.txt`, `${folder.path}/root/rw/a.txt`, "/.capsule", "/tmp/x"],
    ];
    const calls: FileCall[] = [];
    for (const path of paths) {
      for (const name of ["read", "write", "append", "update", "create", "mkdir", "utime"]) {
        calls.push([name, path]);
      }
      // A lexical reading of "/rw/.." is the guest's own root, with the names of its folders.
      if (!path.endsWith("..")) calls.push(["list", path], ["stat", path], ["realpath", path]);
      for (const name of ["unlink", "rmdir", "empty", "readlink"]) calls.push([name, path]);
      calls.push(["rename", path, "rw/stolen"], ["rename", "rw/a.txt", path]);
      calls.push(["link", path, "rw/stolen"], ["link", "rw/a.txt", path]);
      calls.push(["copy", path, "rw/stolen"], ["copy", "rw/a.txt", path], ["symlink", "x", path]);
    }
    const outcomes = await callFiles([["read", "rw/a.txt"], ...calls, ["list", "rw"]], {
      ...SCOPE,
      language,
      folders: FOLDERS,
      folder,
    });
    assertGive(outcomes.splice(0, 1), "a");
    assertGive(outcomes.splice(-1), ["a.txt"]);
    assertFail(calls, outcomes, NO_ACCESS);
  });

  Deno.test(`${language}: above granted folders, only their names are visible`, async () => {
    using folder = workspace();
    const outcomes = await callFiles([["list", "/"], ["list", "."], ["list", "rw/.."]], {
      ...SCOPE,
      language,
      folders: FOLDERS,
      folder,
    });
    // Python's libc knows no folder that holds the others.
    const seen = { typescript: { value: ["ro", "rw"] }, python: { error: "ENOENT" } }[language];
    assertEquals(outcomes.slice(0, 2), [seen, seen]);
    assertTrue(!JSON.stringify(outcomes).includes("secret"), JSON.stringify(outcomes));
  });

  Deno.test(`${language}: nothing changes in a read-only folder`, async () => {
    using folder = workspace();
    const changes = (of: string, to: string): FileCall[] => [
      ...["write", "append", "update", "empty", "utime"].map((
        name,
      ): FileCall => [name, `${of}/a.txt`]),
      ...["create", "mkdir"].map((name): FileCall => [name, `${of}/${name}`]),
      ["set_size", `${of}/a.txt`, 0],
      ["symlink", "a.txt", `${of}/symlink`],
      ["link", `${of}/a.txt`, `${to}/link`],
      ["link", `${to}/a.txt`, `${of}/link2`],
      ["copy", `${to}/a.txt`, `${of}/copy`],
      ["rename", `${of}/sub`, `${to}/sub`],
      ["rename", `${to}/a.txt`, `${of}/a.txt`],
      ["unlink", `${of}/a.txt`],
    ];
    const more: FileCall[] = [
      ...["write_to_read", "cut_to_read", "touch_to_read", "empty_to_read", "rmdir", "remove_tree"]
        .map((name): FileCall => [name, "ro/a.txt"]),
      ...["rmdir", "remove_tree"].map((name): FileCall => [name, "ro/sub"]),
      ...["write", "mkdir", "rmdir", "unlink", "remove_tree"].map((name): FileCall => [name, "ro"]),
      ["rename", "ro", "ro2"],
      ["rename", "rw", "ro/rw"],
      ["write", "rw/../ro/a.txt"],
      ["write", "/ro//./a.txt"],
    ];
    if (language === "python") more.push(["write_below", "ro", "a.txt"]);
    const tried = [...changes("ro", "rw"), ...more];
    const options = { ...SCOPE, language, folders: FOLDERS, folder };
    assertFail(
      tried,
      await callFiles([...tried, ["chmod", "ro/a.txt"]], options)
        .then((outcomes) => outcomes.slice(0, -1)),
      NO_ACCESS,
    );
    // The same can be done where it may be, or the above shows nothing.
    folder.write("root/rw/b/a.txt", "a");
    folder.write("root/rw/b/sub/b.txt", "b");
    folder.write("root/rw/c/a.txt", "a");
    const done = await callFiles(changes("rw/b", "rw/c"), options);
    assertEquals(done.filter((outcome) => "error" in outcome), []);
  });

  Deno.test(`${language}: a read-only folder inside a writable one is read-only by every path`, async () => {
    using folder = workspace();
    folder.write("root/rw/inner/c.txt", "c");
    const option = language === "python" ? "allowed_files" : "allowedFiles";
    for (
      const [folders, mounts] of [
        ['["rw", {"path": "rw/inner", "mode": "ro"}]', []],
        ['[{"path": "rw/inner", "mode": "ro"}, "rw"]', []],
        ['["rw"]', ["rw/inner::i:ro"]],
        ['[{"path": "rw/inner", "mode": "ro"}]', ["rw::w"]],
      ] as const
    ) {
      const refused = () =>
        callFiles([], { language, folders, folder, root: "root", mounts: [...mounts] });
      const error = await assertRejects(refused, CapsuleError, "read-only");
      const declared = mounts.length === 0;
      assertEquals(error.code, declared ? "invalid_program" : "mount_denied");
      if (declared) assertMatch(error.message, new RegExp(option));
    }
    // Inside of a read-only one, what may be written to is its own folder.
    const calls: FileCall[] = [["write", "ro/new"], ["write", "w/sub/b.txt"], [
      "unlink",
      "w/a.txt",
    ]];
    const outcomes = await callFiles([...calls, ["read", "w/a.txt"]], {
      ...SCOPE,
      language,
      folders: '[{"path": "ro", "mode": "ro"}]',
      mounts: ["ro::w:rw", "ro/sub::ro/sub:rw"],
      folder,
    });
    assertFail(calls, outcomes.slice(0, 3), NO_ACCESS);
    assertGive(outcomes.slice(3), "a");
    const below: FileCall[] = [["write", "ro/new"], ["write", "ro/a.txt"], [
      "rename",
      "ro/sub",
      "ro/x",
    ]];
    if (language === "python") below.push(["write_below", "ro", "sub/b.txt"]);
    const mixed = await callFiles([...below, ["write", "ro/sub/b.txt"]], {
      language,
      folders: '[{"path": "ro", "mode": "ro"}, "ro/sub"]',
      folder,
      root: "root",
      writable: ["root/ro/sub"],
    });
    assertFail(below, mixed.slice(0, -1), /EPERM|EROFS|ENOENT|EACCES|EXDEV|EBUSY/);
    assertGive(mixed.slice(-1), null);
  });
}

Deno.test("mounts outside the project, and of .git, .capsule and capsule.toml, are refused", async () => {
  using folder = workspace();
  folder.write("root/.capsule/wasm/x", "");
  folder.write("root/.capsule/wit/x", "");
  folder.write("root/.capsule/sessions/1/s.txt", "s");
  folder.write("outside/o.txt", SECRET);
  const link = (target: string, name: string) =>
    Deno.symlinkSync(target, `${folder.path}/root/${name}`);
  link(".git", "git-link");
  link(".capsule", "capsule-link");
  link("../outside", "outside-link");
  link("/etc", "etc-link");
  link("../wasm", ".capsule/sessions/wasm-link");
  const refused = [
    ...["/", "/etc", `${folder.path}/root/rw`, "..", "../", "../outside", "rw/../../outside"],
    ...[
      ".",
      "./",
      "rw/..",
      ".::/all:rw",
      "capsule.toml",
      "secret.txt",
      "none",
      "rw/none",
      "rw/a.txt",
    ],
    ...[
      ".git",
      ".git/",
      "./.git",
      "rw/../.git",
      ".git/hooks",
      "git-link",
      ".git:ro",
      ".git::/g:ro",
    ],
    ...[".capsule", "./.capsule/", ".capsule/wasm", ".capsule/wit", ".capsule/trace.db"],
    ...[".capsule/sessions/../wasm", ".capsule/sessions/wasm-link", "capsule-link", ".capsule:ro"],
    ...["capsule-link/wasm", "outside-link", "etc-link", "etc-link/ssl", "rw::../x", "rw::/a/../b"],
    ...[
      "rw::/.capsule/packages",
      "rw::.capsule/packages/x",
      "rw::",
      "::x",
      "rw::a::b",
      "rw:rx",
      "",
    ],
    ...["rw\0", "rw::x\0y", "rw:ro:rw", "C:\\x", "~", "$HOME"],
  ];
  const attempt = (mounts: string[]) =>
    callFiles([["list", "/"]], {
      language: "typescript",
      folders: "[]",
      folder,
      root: "root",
      mounts,
    });
  for (const spec of refused) {
    const error = await assertRejects(() => attempt([spec]), CapsuleError);
    assertEquals(error.code, "mount_denied", `${spec}: ${error.message}`);
  }
  const twice = [["rw::w", "ro::w"], ["rw::/w", "ro::w/"], ["rw", "ro::/rw"], [
    "rw::./w",
    "ro::w/.",
  ]];
  for (const mounts of twice) {
    const error = await assertRejects(
      () => attempt(mounts),
      CapsuleError,
      "like another folder",
    );
    assertEquals(error.code, "mount_denied");
  }
  assertGive(await attempt(["rw:ro", "ro::deep/in:ro", ".capsule/sessions/1::s:ro"]), [
    "deep",
    "rw",
    "s",
  ]);
});

for (const language of LANGUAGES) {
  Deno.test(`${language}: names with NUL, very long names and Windows names are plain names or errors`, async () => {
    using folder = workspace();
    const broken = [
      "rw/a\0b",
      "\0",
      "rw/a.txt\0.png",
      "rw/" + "n".repeat(256),
      "n".repeat(1 << 16),
    ];
    broken.push(`rw/${"d/".repeat(5000)}`, "rw/" + "ü".repeat(128));
    const names = [
      "C:x",
      "a\\b",
      "..\\c",
      "new\nline",
      " ",
      "...",
      "-rf",
      "%00",
      "é",
      "e\u0301",
      "😀",
    ];
    names.push("CON", "NUL.txt", "a:b", "\u202e", "\x7f\x1b[31m", "ü".repeat(127));
    const failing = broken.flatMap((path): FileCall[] =>
      ["read", "write", "mkdir", "stat", "unlink", "list"].map((name) => [name, path])
    );
    const writing = names.map((name): FileCall => ["create", `rw/${name}`]);
    const calls = [...failing, ...writing, ["list", "rw"] as FileCall];
    const outcomes = await callFiles(calls, { ...SCOPE, language, folders: FOLDERS, folder });
    assertFail(
      failing,
      outcomes.splice(0, failing.length),
      /^(?:ENOENT|EINVAL|ENAMETOOLONG|ValueError|ERR_INVALID_ARG_VALUE)$/,
    );
    assertEquals(outcomes.pop(), { value: ["a.txt", ...names].sort() });
    assertEquals(outcomes.filter((outcome) => "error" in outcome), []);
    const found = [...Deno.readDirSync(`${folder.path}/root/rw`)].map(({ name }) => name);
    assertEquals(found.sort(), ["a.txt", ...names].sort());
  });

  Deno.test(`${language}: sizes and offsets beyond the largest file are errors`, async () => {
    using folder = workspace();
    const calls: FileCall[] = [];
    for (const size of [2 ** 62, 2 ** 63, -1, -(2 ** 40)]) {
      calls.push(["set_size", "rw/a.txt", size]);
    }
    for (const at of [2 ** 62, 2 ** 53]) calls.push(["write_at", "rw/a.txt", at]);
    if (language === "typescript") {
      for (const number of ["18446744073709551615", "9223372036854775807", "-1", "1e30"]) {
        calls.push(
          ["raw", `{"do": "set_size", "fd": 3, "size": ${number}}`],
          ["raw", `{"do": "write", "fd": 3, "offset": ${number}}`],
        );
      }
    }
    const open = '{"do": "open", "path": "/rw/a.txt", "read": true, "write": true}';
    const opened: FileCall[] = language === "typescript" ? [["raw", open]] : [];
    const outcomes = await callFiles([...opened, ...calls, ["read", "rw/a.txt"]], {
      ...SCOPE,
      language,
      folders: FOLDERS,
      folder,
    });
    assertEquals(outcomes.pop(), { value: "a" });
    assertFail(
      calls,
      outcomes.slice(opened.length),
      /^(?:EFBIG|EINVAL|EIO|EBADF|OverflowError|ERR_OUT_OF_RANGE|invalid_request)$/,
    );
  });

  Deno.test(`${language}: pipes and sockets in a folder do not block`, async () => {
    using folder = workspace();
    for (const name of ["ro/pipe", "rw/pipe"]) {
      new Deno.Command("mkfifo", { args: [`${folder.path}/root/${name}`] }).outputSync();
    }
    Deno.symlinkSync("pipe", `${folder.path}/root/rw/link`);
    using _listener = Deno.listen({ transport: "unix", path: `${folder.path}/root/rw/socket` });
    const calls = ["ro/pipe", "rw/pipe", "rw/link", "rw/socket"].flatMap((path): FileCall[] =>
      ["read", "write", "append", "update", "empty", "list"].map((name) => [name, path])
    );
    const before = Date.now();
    const outcomes = await callFiles([...calls, ["list", "rw"]], {
      language,
      folders: FOLDERS,
      folder,
      root: "root",
      writable: ["root/rw", "root/ro/pipe"],
    });
    assertEquals(outcomes.pop(), { value: ["a.txt", "link", "pipe", "socket"] });
    assertFail(calls, outcomes, /^(?:EACCES|EROFS|EPERM|ENOTDIR|ENXIO)$/);
    assertTrue(Date.now() - before < 5000, "it took too long");
  });
}
