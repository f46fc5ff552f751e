/** `node:process`: the task appears as a process. */
import { encode, write } from "capsule:host/operations@1.0.0";
import stream from "node:stream";
import { Operation } from "../../operations.ts";
import { watched } from "../../early_reads.ts";
import { contained } from "../../failure/uncaught.ts";
import { EventEmitter } from "../events.ts";
import { setWritableFolders } from "./os.ts";
import { changeFolder, currentFolder } from "../files/path.ts";
import { readStdin } from "./stdin.ts";

type Callback = (...args: unknown[]) => void;

/** Versions that packages check for features. */
const VERSION = "v24.0.0";
const VERSIONS = { node: VERSION.slice(1), modules: "137", v8: "0.0.0", uv: "0.0.0" };
const NANOSECONDS = 1_000_000_000n;

let umask = 0o22;

/** Standard output or error. */
function output(descriptor: number): stream.Writable {
  const writable = new stream.Writable({
    decodeStrings: false,
    write(chunk: unknown, encoding: string, done: () => void) {
      const bytes = typeof chunk === "string"
        ? encoding === "utf8" || encoding === "utf-8"
          ? encode(chunk.toWellFormed())
          : Buffer.from(chunk, encoding as "utf8")
        : chunk as Uint8Array;
      write(descriptor, bytes);
      done();
    },
  });
  return Object.assign(writable, { fd: descriptor, isTTY: false, columns: 80 });
}

let stdin: stream.Readable | undefined;

function input(): stream.Readable {
  const readable = new stream.Readable({
    read(size: number) {
      const part = readStdin(size);
      readable.push(part.length > 0 ? part : null);
    },
  });
  return Object.assign(readable, { fd: 0, isTTY: false });
}

function hrtime(since?: [number, number]): [number, number] {
  const now = bigint();
  const elapsed = since ? now - BigInt(since[0]) * NANOSECONDS - BigInt(since[1]) : now;
  return [Number(elapsed / NANOSECONDS), Number(elapsed % NANOSECONDS)];
}

function bigint(): bigint {
  return BigInt(Math.round(performance.now() * 1e6));
}
hrtime.bigint = bigint;

function memoryUsage() {
  return { rss: 0, heapTotal: 0, heapUsed: 0, external: 0, arrayBuffers: 0 };
}
memoryUsage.rss = () => 0;

const ticks: (() => void)[] = [];

/** Runs what was left for after the current piece of code, in its order. */
function runTicks(): void {
  for (let tick = ticks.shift(); tick !== undefined; tick = ticks.shift()) {
    contained(tick);
  }
}

/** Its functions need no `this`: programs import `exit` alone. */
class Process extends EventEmitter {
  readonly title = "capsule";
  readonly version = VERSION;
  readonly versions = VERSIONS;
  readonly release = { name: "node" };
  readonly platform = "linux";
  readonly arch = "wasm32";
  readonly pid = 1;
  readonly ppid = 0;
  readonly argv: string[] = ["node", "/main.ts"];
  readonly argv0 = "node";
  readonly execArgv: string[] = [];
  readonly execPath = "/usr/bin/node";
  readonly env: Record<string, string> = watched({});
  readonly config = { target_defaults: {}, variables: {} };
  readonly features = { inspector: false, ipv6: true, tls: true, typescript: false };
  readonly allowedNodeEnvironmentFlags = new Set<string>();
  readonly stdout = output(1);
  readonly stderr = output(2);
  readonly hrtime = hrtime;
  readonly memoryUsage = memoryUsage;
  exitCode: number | undefined = undefined;
  #isExiting = false;

  get stdin(): stream.Readable {
    return stdin ??= input();
  }

  cwd(): string {
    return currentFolder();
  }

  chdir(to: string): void {
    changeFolder(to);
  }

  /** Ends the task: with the result null for 0, otherwise as a failure. */
  exit(code: unknown = process.exitCode ?? 0): never {
    const isExiting = process.#isExiting;
    process.#isExiting = true;
    if (!isExiting) process.emit("exit", Number(code));
    new Operation("exit", JSON.stringify(Number(code)));
    throw new Error("a task that has ended goes on");
  }

  abort(): never {
    return process.exit(134);
  }

  nextTick(callback: Callback, ...args: unknown[]): void {
    if (ticks.push(() => callback(...args)) === 1) queueMicrotask(runTicks);
  }

  uptime(): number {
    return performance.now() / 1000;
  }

  cpuUsage(): { user: number; system: number } {
    return { user: Math.round(performance.now() * 1000), system: 0 };
  }

  resourceUsage(): Record<string, number> {
    return { userCPUTime: process.cpuUsage().user, systemCPUTime: 0, maxRSS: 0 };
  }

  availableMemory(): number {
    return 4 * 2 ** 30;
  }

  constrainedMemory(): number {
    return 4 * 2 ** 30;
  }

  umask(mask?: number): number {
    const before = umask;
    if (mask !== undefined) umask = mask;
    return before;
  }

  getuid = (): number => 1000;
  geteuid = (): number => 1000;
  getgid = (): number => 1000;
  getegid = (): number => 1000;

  kill(): never {
    throw Object.assign(new Error("kill EPERM"), { code: "EPERM", errno: -1, syscall: "kill" });
  }

  emitWarning(warning: string | Error, options?: string | { type?: string }): void {
    const type = typeof options === "string" ? options : options?.type ?? "Warning";
    console.warn(warning instanceof Error ? warning : `${type}: ${warning}`);
  }

  binding(name: string): never {
    throw new Error(`No such module: ${name}`);
  }

  getBuiltinModule(name: string): unknown {
    return (globalThis as Record<symbol, (name: string) => unknown>)[Symbol.for("capsule.import")]!(
      name,
    );
  }

  get [Symbol.toStringTag](): string {
    return "process";
  }
}

const process = new Process();

/** Environment variables, and folders with write access. */
export interface Access {
  env: Record<string, string>;
  writable: string[];
}

/** Gives the task its variables and folders. */
export function giveAccess(given: Access): void {
  Object.assign(process.env, given.env);
  setWritableFolders(given.writable);
}

export default process;
