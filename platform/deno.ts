import { fileStat } from "./file_stat.ts";
import { dirname, join } from "./path.ts";
import type { FileStat, Platform } from "./platform.ts";

/** The capacity of a pipe. */
const CHUNK_BYTES = 64 << 10;

let serial = 0;

/** The platform under Deno. */
export const platform: Platform = {
  cwd: () => Deno.cwd(),
  args: () => Deno.args,
  isMain: (meta) => meta.main,
  isMainFile: () => Deno.mainModule.startsWith("file:"),
  exit: (status) => Deno.exit(status),
  env: (name) => Deno.env.get(name),
  environment: () => Deno.env.toObject(),
  runtime: `Deno ${Deno.version.deno}`,
  target: `${Deno.build.os}-${Deno.build.arch === "x86_64" ? "x64" : "arm64"}`,

  readFile: (path) => unlessMissing(() => Deno.readFileSync(path)),
  readTextFile: (path) => unlessMissing(() => Deno.readTextFileSync(path)),
  exists(path) {
    const found = statOfLibrary(path);
    // Deno's first `stat` takes 0.25 ms, so `realPath` is used until the native library is loaded.
    return (found === null ? unlessMissing(() => Deno.realPathSync(path)) : found) !== undefined;
  },
  stat(path) {
    const found = statOfLibrary(path);
    return found === null ? unlessMissing(() => statOf(Deno.statSync(path))) : found;
  },
  readFolder: (path) => unlessMissing(() => Array.from(Deno.readDirSync(path), ({ name }) => name)),
  realPath: (path) => unlessMissing(() => Deno.realPathSync(path)) ?? path,
  packageFolder(name, from) {
    for (let folder = dirname(platform.realPath(from));; folder = dirname(folder)) {
      const found = join(folder, "node_modules", name);
      if (platform.stat(join(found, "package.json"))) return platform.realPath(found);
      if (folder === dirname(folder)) return undefined;
    }
  },

  replaceFile(path, content, mode = 0o644) {
    const temporary = `${path}.${Deno.pid}.${serial++}.tmp`;
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    try {
      Deno.writeFileSync(temporary, bytes, { createNew: true, mode });
      Deno.renameSync(temporary, path);
    } catch (error) {
      unlessMissing(() => Deno.removeSync(temporary));
      throw error;
    }
  },
  makeFolder: (path, mode = 0o755) => Deno.mkdirSync(path, { recursive: true, mode }),
  makeTemporaryFolder: (parent) => Deno.makeTempDirSync({ dir: parent }),
  remove: (path) => unlessMissing(() => Deno.removeSync(path, { recursive: true })),

  lock,
  rename: (from, to) => Deno.renameSync(from, to),
  setMode: (path, mode) => Deno.chmodSync(path, mode),
  userId: () => Deno.uid() ?? 0,
  processId: Deno.pid,
  parentProcessId: () => Deno.ppid,
  isAlive(processId) {
    if (Deno.build.os === "linux") return platform.stat(`/proc/${processId}`) !== undefined;
    try {
      // SIGCONT has no effect on a process that is not stopped.
      Deno.kill(processId, "SIGCONT");
      return true;
    } catch (error) {
      return error instanceof Deno.errors.PermissionDenied;
    }
  },

  isSystemError: (error) =>
    error instanceof Error && (error.name in Deno.errors || "code" in error),

  after,
  async start(file, args, environment) {
    const { startFile } = await import("./deno_child.ts");
    return startFile(file, args, environment);
  },
  async startProgram(path, args, environment) {
    const { startProgram } = await import("./deno_child.ts");
    return startProgram(path, args, environment);
  },

  write(descriptor, bytes) {
    const stream = descriptor === 1 ? Deno.stdout : Deno.stderr;
    try {
      for (let left = bytes; left.length > 0;) left = left.subarray(stream.writeSync(left));
      return true;
    } catch (error) {
      if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
      return false;
    }
  },
  async *input() {
    const bytes = new Uint8Array(CHUNK_BYTES);
    for (let count; (count = await Deno.stdin.read(bytes)) !== null;) {
      yield bytes.subarray(0, count);
    }
  },
  isTerminal: (descriptor) => [Deno.stdin, Deno.stdout, Deno.stderr][descriptor]!.isTerminal(),
  columns() {
    try {
      return Deno.consoleSize().columns || undefined;
    } catch {
      return undefined;
    }
  },
  onSignal(signal, callback) {
    Deno.addSignalListener(signal, callback);
    return () => Deno.removeSignalListener(signal, callback);
  },
};

/** Not `setTimeout`, whose first call takes Deno 7 ms, to load Node's timers. */
function after(milliseconds: number, callback: () => void): () => void {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  const waiting = Atomics.waitAsync(cell, 0, 0, milliseconds);
  Promise.resolve(waiting.value).then((outcome) => outcome === "timed-out" && callback());
  return () => void Atomics.notify(cell, 0);
}

async function lock(path: string): Promise<() => void> {
  while (true) {
    const file = Deno.openSync(path, { create: true, write: true, mode: 0o600 });
    await file.lock(true);
    // The previous holder may have removed this file: then other processes lock a new file of the same name.
    if (unlessMissing(() => Deno.statSync(path))?.ino === file.statSync().ino) {
      return () => {
        unlessMissing(() => Deno.removeSync(path));
        file.close();
      };
    }
    file.close();
  }
}

/** The native library's `stat`, once it is loaded; null if it is not, or cannot tell. */
let statOfLibrary: (path: string) => FileStat | null | undefined = () => null;

/** Sets the native library's `stat`. */
export function statBy(stat: typeof statOfLibrary): void {
  statOfLibrary = stat;
}

function statOf(info: Deno.FileInfo): FileStat {
  return fileStat({
    isFile: info.isFile,
    isFolder: info.isDirectory,
    inode: info.ino ?? 0,
    size: info.size,
    modifiedMs: info.mtime?.getTime() ?? 0,
    changedMs: info.ctime?.getTime() ?? 0,
    owner: info.uid ?? 0,
    group: info.gid ?? 0,
    mode: (info.mode ?? 0) & 0o7777,
  });
}

function unlessMissing<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return undefined;
    }
    throw error;
  }
}
