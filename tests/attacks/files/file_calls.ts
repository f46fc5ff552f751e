/** Programs that do with files what they are told, call by call. */
import { assertEquals, assertTrue } from "../../support/assert.ts";
import { type Attack, attack, type Language } from "../attack.ts";

/** The name of a function below, and what it takes. */
export type FileCall = [name: string, ...args: (string | number)[]];
/** What it gave, or the code of its error. */
export type FileOutcome = { value: unknown } | { error: string };

const PROGRAMS: Record<Language, string> = {
  typescript: `import { task } from "@capsule/sdk";
    import fs from "node:fs";
    const host = () => (0, eval)('import("capsule:host/operations@1.0.0")');
    const withFile = (path, flags, body) => {
      const fd = fs.openSync(path, flags);
      try { return body(fd); } finally { fs.closeSync(fd); }
    };
    const calls = {
      read: (path) => fs.readFileSync(path, "utf8"),
      write: (path) => fs.writeFileSync(path, "written"),
      append: (path) => fs.appendFileSync(path, "written"),
      update: (path) => withFile(path, "r+", (fd) => fs.writeSync(fd, "written")),
      empty: (path) => withFile(path, fs.constants.O_TRUNC, () => null),
      empty_to_read: (path) => withFile(path, fs.constants.O_RDONLY | fs.constants.O_TRUNC, () => null),
      create: (path) => withFile(path, "wx", () => null),
      write_to_read: (path) => withFile(path, "r", (fd) => fs.writeSync(fd, "written")),
      cut_to_read: (path) => withFile(path, "r", (fd) => fs.ftruncateSync(fd, 0)),
      touch_to_read: (path) => withFile(path, "r", (fd) => fs.futimesSync(fd, 1, 1)),
      set_size: (path, size) => fs.truncateSync(path, size),
      write_at: (path, at) => withFile(path, "r+", (fd) => fs.writeSync(fd, Buffer.from("x"), 0, 1, at)),
      read_at: (path, at) => withFile(path, "r", (fd) =>
        fs.readSync(fd, Buffer.alloc(1), 0, 1, BigInt(at))),
      list: (path) => fs.readdirSync(path).sort(),
      stat: (path) => fs.statSync(path).size,
      exists: (path) => { if (!fs.existsSync(path)) throw Object.assign(new Error(), { code: "ENOENT" }); },
      mkdir: (path) => fs.mkdirSync(path),
      rmdir: (path) => fs.rmdirSync(path),
      remove_tree: (path) => fs.rmSync(path, { recursive: true }),
      unlink: (path) => fs.unlinkSync(path),
      rename: (from, to) => fs.renameSync(from, to),
      copy: (from, to) => fs.copyFileSync(from, to),
      link: (from, to) => fs.linkSync(from, to),
      symlink: (target, path) => fs.symlinkSync(target, path),
      readlink: (path) => fs.readlinkSync(path),
      realpath: (path) => fs.realpathSync(path),
      utime: (path) => fs.utimesSync(path, 1, 1),
      chmod: (path) => fs.chmodSync(path, 0o777),
      // Past everything that a guest's own libraries do with paths.
      raw: async (json) => {
        const { start, wait } = await host();
        const outcome = wait(start("file", { json, bytes: new Uint8Array([120]) }), null);
        const { error } = JSON.parse(outcome.json) ?? {};
        if (error) throw error;
        return outcome.json + new TextDecoder().decode(outcome.bytes);
      },
    };
    async function perform([name, ...args]) {
      try { return { value: await calls[name](...args) ?? null }; }
      catch (error) { return { error: error.code ?? error.error_type ?? error.name }; }
    }`,
  python: `
import errno, os, pathlib, shutil
from capsule import task
def with_file(path, flags, body):
    fd = os.open(path, flags, 0o666)
    try: return body(fd)
    finally: os.close(fd)
def text(path, mode):
    with open(path, mode) as file: file.write("written")
def update(path, at=0):
    with open(path, "rb+") as file:
        file.seek(at); file.write(b"x")
def at_folder(path, name, flags=os.O_RDONLY):
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try: return with_file_at(folder, name, flags)
    finally: os.close(folder)
def with_file_at(folder, name, flags):
    fd = os.open(name, flags, 0o666, dir_fd=folder)
    try: return os.read(fd, 1000).decode()
    finally: os.close(fd)
class calls:
    read = lambda path: pathlib.Path(path).read_text()
    write = lambda path: text(path, "w")
    append = lambda path: text(path, "a")
    update = lambda path: text(path, "r+")
    empty = lambda path: with_file(path, os.O_WRONLY | os.O_TRUNC, lambda fd: None)
    empty_to_read = lambda path: with_file(path, os.O_RDONLY | os.O_TRUNC, lambda fd: None)
    create = lambda path: text(path, "x")
    write_to_read = lambda path: with_file(path, os.O_RDONLY, lambda fd: os.write(fd, b"written"))
    cut_to_read = lambda path: with_file(path, os.O_RDONLY, lambda fd: os.ftruncate(fd, 0))
    touch_to_read = lambda path: with_file(path, os.O_RDONLY, lambda fd: os.utime(fd, (1, 1)))
    set_size = lambda path, size: os.truncate(path, int(size))
    write_at = lambda path, at: update(path, int(at))
    read_at = lambda path, at: with_file(path, os.O_RDONLY, lambda fd: (os.lseek(fd, int(at), 0), len(os.read(fd, 1)))[1])
    list = lambda path: sorted(os.listdir(path))
    stat = lambda path: os.stat(path).st_size
    exists = lambda path: None if os.path.exists(path) else os.stat(path) and None
    mkdir = lambda path: os.mkdir(path)
    rmdir = lambda path: os.rmdir(path)
    remove_tree = lambda path: shutil.rmtree(path)
    unlink = lambda path: os.unlink(path)
    rename = lambda a, b: os.rename(a, b)
    copy = lambda a, b: shutil.copyfile(a, b) and None
    link = lambda a, b: os.link(a, b)
    symlink = lambda target, path: os.symlink(target, path)
    readlink = lambda path: os.readlink(path)
    realpath = lambda path: os.path.realpath(path, strict=True)
    utime = lambda path: os.utime(path, (1, 1))
    chmod = lambda path: os.chmod(path, 0o777)
    at = lambda path, name: at_folder(path, name)
    write_below = lambda path, name: at_folder(path, name, os.O_WRONLY | os.O_CREAT)
def perform(call):
    try: return {"value": getattr(calls, call[0])(*call[1:])}
    except OSError as error: return {"error": errno.errorcode.get(error.errno, str(error))}
    except Exception as error: return {"error": type(error).__name__}`,
};

const MAINS: Record<Language, (options: string) => string> = {
  typescript: (options) =>
    `\n task({ name: "main", compute: "HIGH", ${options} }, async (calls) => {
      const outcomes = [];
      for (const call of calls) outcomes.push(await perform(call));
      return outcomes;
    });`,
  python: (options) => `
@task(compute="HIGH", ${options})
def main(calls): return [perform(call) for call in calls]`,
};

/** What `perform` needs, for programs of one's own. */
export function prelude(language: Language): string {
  return PROGRAMS[language];
}

/** Lets a task make the calls, one after the other. `folders` is JSON, for `allowedFiles`. */
export async function callFiles(
  calls: FileCall[],
  options: Omit<Attack, "code" | "args"> & { folders: string },
): Promise<FileOutcome[]> {
  const { language, folders } = options;
  const option = language === "python" ? `allowed_files=${folders}` : `allowedFiles: ${folders}`;
  const code = PROGRAMS[language] + MAINS[language](option);
  const { result, error } = await attack({ ...options, code, args: [calls] });
  assertEquals(error, null, `${error?.message}\n${error?.stack}`);
  return result as unknown as FileOutcome[];
}

/** All calls fail with an error of the system's, and for one of these reasons. */
export function assertFail(calls: FileCall[], outcomes: FileOutcome[], codes: RegExp): void {
  assertEquals(outcomes.length, calls.length);
  for (const [at, call] of calls.entries()) {
    const outcome = outcomes[at]!;
    const shown = `${JSON.stringify(call).slice(0, 200)}: ${JSON.stringify(outcome).slice(0, 300)}`;
    assertTrue("error" in outcome && codes.test(outcome.error), shown);
  }
}

/** Each call gives this. */
export function assertGive(outcomes: FileOutcome[], ...values: unknown[]): void {
  assertEquals(outcomes, values.map((value) => ({ value })));
}
