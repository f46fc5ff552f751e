import { dirname, join } from "./path.ts";
import type { Child } from "./platform.ts";

/** Starts a file of Capsule's own. */
export function startFile(
  file: string,
  args: string[],
  { NODE_OPTIONS: _options, NODE_PATH: _path, ...environment }: Record<string, string>,
): Child {
  if (Deno.build.standalone) throw new Error("a compiled program cannot start Deno");
  const config = join(dirname(file), "deno.json");
  const command = [
    ...["run", "--allow-all", "--quiet", "--no-check", "--no-lock"],
    hasFile(config) ? `--config=${config}` : "--no-config",
    file,
    ...args,
  ];
  const variables = { DENO_NO_PACKAGE_JSON: "1", DENO_NO_UPDATE_CHECK: "1" };
  // The packages of a folder are found from where it starts.
  return startProgram(Deno.execPath(), command, { ...environment, ...variables });
}

/** Starts a program, in `/`. */
export function startProgram(
  path: string,
  args: string[],
  environment: Record<string, string>,
): Child {
  const child = new Deno.Command(path, {
    args,
    cwd: "/",
    env: environment,
    clearEnv: true,
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const input = child.stdin.getWriter();
  // Its end is told by `ended`, and not by whoever writes to it.
  input.closed.catch(() => {});
  return {
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

function hasFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
