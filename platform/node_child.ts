import { spawn } from "node:child_process";
import type { Socket } from "node:net";
import type { Child, StartOptions } from "./platform.ts";

/** Starts a process. */
export async function startChild(
  command: string,
  args: string[],
  options: StartOptions,
): Promise<Child> {
  const child = spawn(command, args, { ...options, stdio: ["pipe", "pipe", "inherit"] });
  // Its end is told by `ended`, and not by whoever writes to it.
  child.stdin.on("error", () => {});
  const ended = new Promise<string>((resolve) => {
    child.on("exit", (status, signal) => resolve(signal ?? `status ${status}`));
  });
  await new Promise<void>((resolve, reject) => child.on("spawn", resolve).on("error", reject));
  // They are sockets, whatever their types say.
  const handles = [child, child.stdin as Socket, child.stdout as Socket];
  return {
    processId: child.pid!,
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
