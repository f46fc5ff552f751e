import * as fs from "node:fs";
import { join } from "node:path";
import { isatty } from "node:tty";
import { fileURLToPath } from "node:url";
import { fileStat } from "./file_stat.ts";
import type { FileStat, Platform } from "./platform.ts";

const LOCK_EX = 2;
const LOCK_NB = 4;
/** How often a lock is tried that another process holds. */
const LOCK_POLL_MS = 10;

let serial = 0;

/** The platform under Node. */
export const platform: Platform = {
  cwd: () => process.cwd(),
  args: () => process.argv.slice(2),
  // Node 22 has no `import.meta.main`.
  isMain: ({ url }) =>
    process.argv[1] !== undefined && platform.realPath(process.argv[1]) === fileURLToPath(url),
  isMainFile: () => true,
  exit: (status) => process.exit(status),
  env: (name) => process.env[name],
  environment: () => ({ ...process.env }) as Record<string, string>,
  runtime: `Node ${process.versions.node}`,
  target: `${process.platform}-${process.arch}`,

  readFile: (path) => unlessMissing(() => fs.readFileSync(path)),
  readTextFile: (path) => unlessMissing(() => fs.readFileSync(path, "utf8")),
  exists: (path) => platform.stat(path) !== undefined,
  stat: (path) => unlessMissing(() => statOf(fs.statSync(path, { bigint: true }))),
  readFolder: (path) => unlessMissing(() => fs.readdirSync(path)),
  realPath: (path) => unlessMissing(() => fs.realpathSync.native(path)) ?? path,
  packageFolder(name, from) {
    try {
      // Not an import: webpack would replace an imported `createRequire` when it bundles.
      const { createRequire } = process.getBuiltinModule("node:module");
      return join(createRequire(from).resolve(`${name}/package.json`), "..");
    } catch {
      return undefined;
    }
  },

  replaceFile(path, content, mode = 0o644) {
    const temporary = `${path}.${process.pid}.${serial++}.tmp`;
    try {
      fs.writeFileSync(temporary, content, { flag: "wx", mode });
      fs.renameSync(temporary, path);
    } catch (error) {
      fs.rmSync(temporary, { force: true });
      throw error;
    }
  },
  makeFolder: (path, mode = 0o755) => void fs.mkdirSync(path, { recursive: true, mode }),
  makeTemporaryFolder: (parent) => fs.mkdtempSync(join(parent, "t-")),
  remove: (path) => fs.rmSync(path, { recursive: true, force: true }),

  lock,
  rename: (from, to) => fs.renameSync(from, to),
  setMode: (path, mode) => fs.chmodSync(path, mode),
  userId: () => process.geteuid?.() ?? 0,
  processId: process.pid,
  parentProcessId: () => process.ppid,
  isAlive(processId) {
    try {
      process.kill(processId, 0);
      return true;
    } catch (error) {
      return codeOf(error) === "EPERM";
    }
  },

  isSystemError: (error) =>
    error instanceof Error && ("errno" in error || codeOf(error) === "ERR_SQLITE_ERROR"),

  after(milliseconds, callback) {
    const timer = setTimeout(callback, milliseconds).unref();
    return () => clearTimeout(timer);
  },
  async start(file, args, environment) {
    const { startFile } = await import("./node_child.ts");
    return startFile(file, args, environment);
  },
  async startProgram(path, args, environment) {
    const { startProgram } = await import("./node_child.ts");
    return await startProgram(path, args, environment);
  },

  write(descriptor, bytes) {
    for (let left = bytes; left.length > 0;) {
      try {
        left = left.subarray(fs.writeSync(descriptor, left));
      } catch (error) {
        if (codeOf(error) === "EPIPE") return false;
        if (codeOf(error) !== "EAGAIN") throw error;
        // The pipe is non-blocking and full: try again after a millisecond.
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
      }
    }
    return true;
  },
  input: () => process.stdin,
  isTerminal: (descriptor) => isatty(descriptor),
  columns: () => process.stdout.columns || undefined,
  onSignal(signal, callback) {
    process.on(signal, callback);
    return () => void process.off(signal, callback);
  },
};

/**
 * Polls for the lock. Waiting would block one of Node's four worker threads, which the holder of the lock may need.
 */
async function lock(path: string): Promise<() => void> {
  const { default: koffi } = await import("koffi");
  const flock = koffi.load(null).func("flock", "int", ["int", "int"]);
  while (true) {
    const descriptor = fs.openSync(path, "w", 0o600);
    try {
      while (flock(descriptor, LOCK_EX | LOCK_NB) !== 0) {
        const errno = koffi.errno();
        if (errno !== koffi.os.errno.EWOULDBLOCK && errno !== koffi.os.errno.EINTR) {
          throw Object.assign(new Error(`Cannot lock "${path}": error ${errno}`), { errno });
        }
        await new Promise((resolve) => setTimeout(resolve, LOCK_POLL_MS));
      }
      // The previous holder may have removed this file: then other processes lock a new file of the same name.
      if (unlessMissing(() => fs.statSync(path))?.ino === fs.fstatSync(descriptor).ino) {
        return () => {
          fs.rmSync(path, { force: true });
          fs.closeSync(descriptor);
        };
      }
    } catch (error) {
      fs.closeSync(descriptor);
      throw error;
    }
    fs.closeSync(descriptor);
  }
}

function statOf(info: fs.BigIntStats): FileStat {
  return fileStat({
    isFile: info.isFile(),
    isFolder: info.isDirectory(),
    inode: Number(info.ino),
    size: Number(info.size),
    modifiedMs: Number(info.mtimeMs),
    changedMs: Number(info.ctimeMs),
    owner: Number(info.uid),
    group: Number(info.gid),
    mode: Number(info.mode) & 0o7777,
  });
}

function unlessMissing<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return undefined;
    throw error;
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}
