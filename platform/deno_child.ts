import { dirname, join } from "./path.ts";
import type { Child } from "./platform.ts";

/** Starts one of Capsule's own files: see `Platform.start`. */
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
  // It starts in `/`, because Deno would find packages in the working directory.
  return startProgram(Deno.execPath(), command, { ...environment, ...variables });
}

/** Starts a program with `/` as its working directory. */
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
  // The end of the process is reported by `ended`, not by errors of writing.
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
        // The process has already ended.
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
