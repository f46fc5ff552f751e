/** The wheel as a user installs it, and the versions of Python that it is for. */
import { ENTRIES, ROOMS } from "../../scripts/common.ts";
import { CACHE, ROOT } from "../support/support.ts";

const WHEELS = `${ROOT}build/wheel`;
/** What a wheel is made of. */
const SOURCES = [
  ...[...ENTRIES, ...ROOMS, "ffi", "scripts", "python/src", "python/pyproject.toml"],
  ...["python/README.md", "python/requirements-wheel.txt", "package-lock.json"],
  ...["build/native", "build/engines"],
];
/** The versions that the package is tested with, besides that of python3. */
const VERSIONS = ["3.10", "3.11", "3.13"];

/** A Python of this machine. */
export interface Python {
  /** `3.11`. */
  version: string;
  program: string;
}

/** An empty folder beside a virtual environment with the package installed, outside of the checkout. */
export interface App {
  path: string;
  /** The folder of the environment's programs. */
  bin: string;
  /** How a command is started in the folder, in which nothing else is found. */
  command(program: string, args: string[], options?: Started): Deno.Command;
  /** Runs a command to its end. */
  run(program: string, args: string[], options?: Started): Promise<Ended>;
  [Symbol.dispose](): void;
}

/** What a command is started with. */
export interface Started {
  env?: Record<string, string>;
  timeoutMs?: number;
}

/** How a process ended. */
export interface Ended {
  status: number;
  stdout: string;
  stderr: string;
}

/** The Pythons of this machine that are tested. Says which ones are missing. */
export const PYTHONS: Python[] = findPythons();
/** That of the others' tests. */
export const PYTHON: Python = describe("python3")!;

/** Installs the wheel, and what it depends on, into an empty environment. */
export async function installedApp({ program }: Python): Promise<App> {
  const wheel = await makeWheel();
  const path = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "capsule-python-" }));
  for (const folder of ["app", "nothing", "home"]) Deno.mkdirSync(`${path}/${folder}`);
  const bin = `${path}/environment/bin`;
  await checked(program, ["-m", "venv", `${path}/environment`]);
  // How pip reaches its index is a matter of this machine.
  await checked(`${bin}/python`, [
    ...["-m", "pip", "install", "--quiet", "--disable-pip-version-check", wheel],
  ]);
  const command = (program: string, args: string[], options: Started = {}) =>
    new Deno.Command(program.includes("/") ? program : `${bin}/${program}`, {
      args,
      cwd: `${path}/app`,
      clearEnv: true,
      env: {
        PATH: `${path}/nothing`,
        HOME: `${path}/home`,
        CAPSULE_CACHE_DIR: CACHE,
        NO_COLOR: "1",
        ...options.env,
      },
      signal: AbortSignal.timeout(options.timeoutMs ?? 120_000),
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    });
  return {
    path: `${path}/app`,
    bin,
    command,
    run: async (program, args, options) => ended(await command(program, args, options).output()),
    [Symbol.dispose]: () => Deno.removeSync(path, { recursive: true }),
  };
}

function findPythons(): Python[] {
  const home = `${Deno.env.get("HOME")}/.pyenv/versions`;
  const installed = names(home).map((name) => `${home}/${name}/bin/python`);
  const found = VERSIONS.map((version) => {
    const python = [`python${version}`, ...installed].map(describe)
      .find((python) => python?.version === version);
    if (python === undefined) console.error(`NOT TESTED: there is no Python ${version} here`);
    return python;
  });
  const own = describe("python3");
  if (own === undefined) throw new Error("there is no python3 on the path");
  return [...found.filter((python) => python !== undefined), own]
    .filter(({ version }, at, all) => all.findIndex((one) => one.version === version) === at);
}

function describe(program: string): Python | undefined {
  const code = "import sys; print('%d.%d' % sys.version_info[:2], sys.executable)";
  try {
    const { success, stdout } = new Deno.Command(program, {
      args: ["-c", code],
      stderr: "null",
    }).outputSync();
    const [version, executable] = new TextDecoder().decode(stdout).trim().split(" ");
    return success ? { version: version!, program: executable! } : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Makes the wheel unless nothing has changed since the last time. Returns its path. */
async function makeWheel(): Promise<string> {
  using lock = await Deno.open(`${ROOT}build/wheel.lock`, { create: true, write: true });
  await lock.lock(true);
  const made = newest(WHEELS, (name) => name.endsWith(".whl"));
  if (made <= Math.max(...SOURCES.map((source) => newest(ROOT + source)))) {
    await checked(Deno.execPath(), ["run", "-A", "scripts/wheel.ts"], ROOT);
  }
  return `${WHEELS}/${names(WHEELS).find((name) => name.endsWith(".whl"))}`;
}

function newest(path: string, isWanted = (_name: string) => true): number {
  try {
    const info = Deno.statSync(path);
    if (!info.isDirectory) return isWanted(path) ? info.mtime!.getTime() : 0;
  } catch {
    return 0;
  }
  return Math.max(
    0,
    ...names(path).filter((name) => name !== "__pycache__" && name !== "source")
      .map((name) => newest(`${path}/${name}`, isWanted)),
  );
}

function names(folder: string): string[] {
  try {
    return Array.from(Deno.readDirSync(folder), ({ name }) => name);
  } catch {
    return [];
  }
}

async function checked(program: string, args: string[], cwd = "/"): Promise<void> {
  const { status, stderr } = ended(await new Deno.Command(program, { args, cwd }).output());
  if (status !== 0) throw new Error(stderr);
}

function ended({ code, stdout, stderr }: Deno.CommandOutput): Ended {
  const decoder = new TextDecoder();
  return { status: code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}
