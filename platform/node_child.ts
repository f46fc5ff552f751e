import { spawn } from "node:child_process";
import type { Socket } from "node:net";
import process from "node:process";
import type { Child } from "./platform.ts";

/** Starts one of Capsule's own files: see `Platform.start`. */
export function startFile(
  file: string,
  args: string[],
  { NODE_OPTIONS: _options, NODE_PATH: _path, ...environment }: Record<string, string>,
): Promise<Child> {
  return startProgram(process.execPath, [file, ...args], environment);
}

/** Starts a program with `/` as its working directory. */
export async function startProgram(
  path: string,
  args: string[],
  environment: Record<string, string>,
): Promise<Child> {
  const child = spawn(path, args, {
    cwd: "/",
    env: environment,
    stdio: ["pipe", "pipe", "inherit"],
  });
  // The end of the process is reported by `ended`, not by errors of writing.
  child.stdin.on("error", () => {});
  const ended = new Promise<string>((resolve) => {
    child.on("exit", (status, signal) => resolve(signal ?? `status ${status}`));
  });
  await new Promise<void>((resolve, reject) => child.on("spawn", resolve).on("error", reject));
  // The streams are sockets, although their types do not say so.
  const handles = [child, child.stdin as Socket, child.stdout as Socket];
  return {
    write: (bytes) => void child.stdin.write(bytes),
    output: () => child.stdout,
    ended,
    closeInput: () => void child.stdin.end(),
    kill: () => void child.kill("SIGKILL"),
    keepAlive(isWanted) {
      for (const handle of handles) isWanted ? handle.ref() : handle.unref();
    },
  };
}
