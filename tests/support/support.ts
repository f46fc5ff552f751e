/** What the tests share. */
import { CapsuleError, type Envelope, run, type RunOptions } from "../../runner.ts";

/** The root of the checkout. */
export const ROOT = new URL("../../", import.meta.url).pathname;

/** Engines are compiled once for all tests, outside of the user's own cache. */
export const CACHE = `${ROOT}build/test-cache`;
Deno.mkdirSync(CACHE, { recursive: true, mode: 0o700 });
Deno.chmodSync(CACHE, 0o700);
Deno.env.set("CAPSULE_CACHE_DIR", CACHE);

/** A folder of its own for one test. */
export interface Project {
  path: string;
  write(name: string, content: string | Uint8Array): string;
  read(name: string): string;
  [Symbol.dispose](): void;
}

/** Makes a folder with these files, removed at the end of the block. */
export function project(files: Record<string, string> = {}): Project {
  // Without links: the paths in messages are compared.
  const path = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "capsule-test-" }));
  const project: Project = {
    path,
    write(name, content) {
      const file = `${path}/${name}`;
      Deno.mkdirSync(file.slice(0, file.lastIndexOf("/")), { recursive: true });
      if (typeof content === "string") Deno.writeTextFileSync(file, content);
      else Deno.writeFileSync(file, content);
      return file;
    },
    read: (name) => Deno.readTextFileSync(`${path}/${name}`),
    [Symbol.dispose]: () => Deno.removeSync(path, { recursive: true }),
  };
  for (const [name, content] of Object.entries(files)) project.write(name, content);
  return project;
}

/** How a process ended, and what it wrote. */
export interface Result {
  status: number;
  stdout: string;
  stderr: string;
}

/** What Deno is told to run the CLI. */
const CLI = ["run", "-A", "--no-check", "--quiet", `--config=${ROOT}deno.json`, `${ROOT}cli.ts`];

/** Starts the CLI as a user would, as a process. */
export function startCli(
  args: string[],
  options: { cwd: string; env?: Record<string, string> },
): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: [...CLI, ...args],
    cwd: options.cwd,
    env: { CAPSULE_CACHE_DIR: CACHE, NO_COLOR: "1", ...options.env },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Runs a shell script with mounts of its own. In it, `capsule` is the CLI. */
export async function withOwnMounts(
  script: string,
  options: { cwd: string; env?: Record<string, string> },
): Promise<Result> {
  const command = [Deno.execPath(), ...CLI].map((word) => `'${word}'`).join(" ");
  const { code, stdout, stderr } = await new Deno.Command("unshare", {
    args: ["-rm", "sh", "-ec", `capsule() { ${command} "$@"; }\n${script}`],
    cwd: options.cwd,
    env: { CAPSULE_CACHE_DIR: CACHE, NO_COLOR: "1", ...options.env },
  }).output();
  const decoder = new TextDecoder();
  return { status: code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Runs the CLI to its end. */
export async function cli(
  args: string[],
  options: { cwd: string; input?: string; env?: Record<string, string> },
): Promise<Result> {
  const child = startCli(args, options);
  const writer = child.stdin.getWriter();
  if (options.input) await writer.write(new TextEncoder().encode(options.input));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { status: code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Compiles the engines if nobody has yet: the first run of all says that it does. */
export async function warmEngines(): Promise<void> {
  const run = (file: string) => cli(["run", `${ROOT}examples/${file}`], { cwd: ROOT });
  await Promise.all([run("hello.ts"), run("hello.py")]);
}

/** What a command writes to a terminal, both of its streams. */
export async function onTerminal(command: string, cwd: string): Promise<string> {
  const { stdout } = await new Deno.Command("script", {
    args: ["--quiet", "--return", "--echo=never", "--command", command, "/dev/null"],
    cwd,
    env: { CAPSULE_CACHE_DIR: CACHE, NO_COLOR: "1" },
    stdin: "null",
  }).output();
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(stdout);
}

/**
 * Like `run`. Throws what is wrong with a program, as `open` does.
 *
 * @throws {CapsuleError} `invalid_program`.
 */
export async function runOrThrow<R = unknown>(options: RunOptions): Promise<Envelope<R>> {
  const envelope = await run<R>(options);
  const { error } = envelope;
  if (error?.error_type !== "invalid_program") return envelope;
  throw new CapsuleError("invalid_program", error.message);
}
