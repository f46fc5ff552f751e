/** Files without end: open ones, many of them, and a disk that is full. */
import { assertEquals, assertMatch, assertTrue } from "../../support/assert.ts";
import { CACHE, type Project, project, ROOT } from "../../support/support.ts";
import { attack, type Language, LANGUAGES } from "../attack.ts";
import { prelude } from "./file_calls.ts";
import { onOwnMachine } from "../network/own_machine.ts";

const workspace = () => project({ "root/capsule.toml": "", "root/rw/a.txt": "a" });

const HOARD = {
  typescript: `${prelude("typescript")}
    const hoard = task({ name: "hoard", allowedFiles: ["rw"] }, async (ms) => {
      let count = 0;
      try { for (;; count++) fs.openSync("rw/a.txt", "r"); } catch (error) {
        await new Promise((resolve) => setTimeout(resolve, ms));
        return [count, error.code];
      }
    });
    const other = task({ name: "other", allowedFiles: ["rw"] }, () => fs.existsSync("rw/a.txt"));
    task({ name: "main" }, async () => {
      const hoards = [hoard(500), hoard(500), hoard(500)];
      await new Promise((resolve) => setTimeout(resolve, 300));
      const others = await Promise.all([other(), other(), other()]);
      return [(await Promise.all(hoards)).map((it) => it.result), others.map((it) => it.result)];
    });`,
  python: `${prelude("python")}
import time
@task(allowed_files=["rw"])
def hoard(seconds):
    kept = []
    try:
        while True: kept.append(os.open("rw/a.txt", os.O_RDONLY))
    except OSError as error:
        time.sleep(seconds)
        return [len(kept), errno.errorcode[error.errno]]
@task(allowed_files=["rw"])
def other(): return os.path.exists("rw/a.txt")
@task
def main():
    hoards = [hoard.submit(0.5) for _ in range(3)]
    time.sleep(0.3)
    others = [other.submit() for _ in range(3)]
    return [[it.result()["result"] for it in hoards], [it.result()["result"] for it in others]]`,
};

for (const language of LANGUAGES) {
  Deno.test(`${language}: a task that keeps opening files leaves enough descriptors to the host`, async () => {
    const code = HOARD[language];
    using folder = workspace();
    const { result, error } = await attack({ root: "root", language, code, folder });
    assertEquals(error, null, error?.message);
    const [hoards, others] = result as unknown as [[number, string][], boolean[]];
    assertEquals(others, [true, true, true]);
    for (const [count, reason] of hoards) {
      assertTrue(count > 900 && count <= 1000, `${count} files`);
      assertMatch(reason, /EMFILE|EDQUOT/);
    }
    // In a process that may have few: it still runs tasks, and writes its trace.
    folder.write("root/few.py", HOARD.python);
    folder.write("root/few.ts", HOARD.typescript);
    const { stdout, stderr } = await new Deno.Command("sh", {
      args: [
        ...["-euc", 'ulimit -n 200; exec "$@"', "sh", Deno.execPath(), "run", "-A", "--no-check"],
        ...["--quiet", `--config=${ROOT}deno.json`, `${ROOT}cli.ts`, "run", "--json"],
        language === "python" ? "few.py" : "few.ts",
      ],
      cwd: `${folder.path}/root`,
      env: { CAPSULE_CACHE_DIR: CACHE },
    }).output();
    assertEquals(new TextDecoder().decode(stderr), "");
    const few = JSON.parse(new TextDecoder().decode(stdout));
    assertEquals(few.result[1], [true, true, true]);
    assertTrue(few.result[0].every(([count]: [number]) => count < 150), JSON.stringify(few.result));
  });
}

/** A folder that is a file system of its own. */
function mountAt(path: string, options: string): Disposable {
  Deno.mkdirSync(path, { recursive: true });
  const run = (command: string, ...args: string[]) => {
    const { success, stderr } = new Deno.Command(command, { args }).outputSync();
    assertTrue(success, new TextDecoder().decode(stderr));
  };
  run("mount", "-t", "tmpfs", "-o", options, "none", path);
  return { [Symbol.dispose]: () => run("umount", "--lazy", path) };
}

const FILLS = {
  typescript: (body: string) =>
    `${prelude("typescript")}
    task({ name: "main", allowedFiles: ["full"], compute: "HIGH" }, () => {
      let count = 0;
      try { for (;; count++) ${body.replaceAll("NAME", "`full/${count}`")} }
      catch (error) { return [count, error.code, fs.readFileSync("full/kept", "utf8")]; }
    });`,
  python: (body: string) =>
    `${prelude("python")}
@task(allowed_files=["full"], compute="HIGH")
def main():
    count = 0
    try:
        while True: ${body.replaceAll("NAME", 'f"full/{count}"')}; count += 1
    except OSError as error:
        return [count, errno.errorcode[error.errno], pathlib.Path("full/kept").read_text()]`,
};

/** Makes files until an error ends it: how many there are, its code, and what lay there before. */
async function fill(
  language: Language,
  body: string,
  folder: Project,
): Promise<[count: number, reason: string, kept: string]> {
  const { result, error } = await attack({
    root: "root",
    writable: ["root/full"],
    language,
    code: FILLS[language](body),
    folder,
  });
  assertEquals(error, null, error?.message);
  return result as unknown as [number, string, string];
}

onOwnMachine(
  import.meta.url,
  Object.fromEntries(LANGUAGES.flatMap((language) => [
    [`${language}: a million files end where the file system does`, async () => {
      using folder = workspace();
      using _full = mountAt(`${folder.path}/root/full`, "nr_inodes=3000");
      folder.write("root/full/kept", "kept");
      const body = { typescript: 'fs.writeFileSync(NAME, "");', python: 'open(NAME, "w").close()' };
      const result = await fill(language, body[language], folder);
      assertEquals(result, [2998, "ENOSPC", "kept"]);
    }],
    [`${language}: a full disk is an error of who fills it, and loses nothing else`, async () => {
      using folder = workspace();
      using _full = mountAt(`${folder.path}/root/full`, "size=1M");
      folder.write("root/full/kept", "kept");
      const body = {
        typescript: 'fs.writeFileSync(NAME, "x".repeat(10_000));',
        python: 'pathlib.Path(NAME).write_text("x" * 10_000)',
      };
      const result = await fill(language, body[language], folder);
      const [count, reason, kept] = result;
      assertTrue(count > 50 && count < 110, `${count} files`);
      // Python's libc does not hear why a write failed, and then that nothing more can be written.
      assertMatch(reason, /^(?:ENOSPC|EIO|ESHUTDOWN)$/);
      assertEquals(kept, "kept");
    }],
  ])),
);
