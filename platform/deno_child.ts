import type { Child, StartOptions } from "./platform.ts";

/** Starts a process. */
export function startChild(
  command: string,
  args: string[],
  { cwd, env }: StartOptions,
): Child {
  const child = new Deno.Command(command, {
    args,
    cwd,
    env,
    clearEnv: true,
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const input = child.stdin.getWriter();
  // Its end is told by `ended`, and not by whoever writes to it.
  input.closed.catch(() => {});
  return {
    processId: child.pid,
    write: (bytes) => void input.write(bytes).catch(() => {}),
    output: () => child.stdout,
    ended: child.status.then(({ code, signal }) => signal ?? `status ${code}`),
    closeInput: () => void input.close().catch(() => {}),
    kill() {
      try {
        child.kill("SIGKILL");
      } catch (error) {
        // It has ended.
        if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
      }
    },
    keepAlive: (isWanted) => isWanted ? child.ref() : child.unref(),
  };
}
