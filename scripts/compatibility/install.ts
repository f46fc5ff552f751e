/** The packages of the compatibility table: what `compat/` pins, in a folder of their own. */
import { progress, ROOT } from "../common.ts";

/** The project that the programs run in. Not in `build`: no folder of what Capsule runs can be granted for writing. */
export const PROJECT = `${ROOT}compat/.project`;

/** Where programs of Python find packages: as in the environment of a project. */
const SITE = ".venv/lib/python3.14/site-packages";
/** The engine's own version decides what is installed, not the one that pip runs on. */
const PIP = [
  ...["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--upgrade"],
  ...["--python-version=3.14", "--implementation=cp", "--only-binary=:all:", `--target=${SITE}`],
];

/** Copies the programs, and installs what they import if that has changed. */
export async function prepareProject(): Promise<void> {
  Deno.mkdirSync(`${PROJECT}/data`, { recursive: true });
  Deno.writeTextFileSync(`${PROJECT}/capsule.toml`, "");
  copyPrograms();
  await Promise.all([
    install("npm", ["package.json", "package-lock.json"], async (folder) => {
      const options = ["--no-save", "--no-audit", "--no-fund", "--ignore-scripts"];
      await run("npm", ["install", ...options], folder);
    }),
    install("pypi", ["requirements.txt"], async (folder) => {
      await remove(`${folder}/.venv`);
      await run("python3", [...PIP, "--requirement=requirements.txt"], folder);
      Deno.writeTextFileSync(`${folder}/.venv/pyvenv.cfg`, "version = 3.14\n");
    }),
  ]);
}

/** The programs stand beside the packages, each of Python in a folder: a module must not hide the package. */
function copyPrograms(): void {
  const copy = (from: string, to: string) => {
    const path = `${PROJECT}/${to}`;
    Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    const text = Deno.readTextFileSync(`${ROOT}compat/${from}`);
    // What has not changed keeps its time: its image is used again.
    if (readIfThere(path) !== text) Deno.writeTextFileSync(path, text);
  };
  for (const folder of ["", "node/", "npm/", "python/", "python/parts/"]) {
    for (const name of filesIn(`compat/${folder}`, ".ts", ".py")) {
      copy(folder + name, folder + name);
    }
  }
  for (const name of filesIn("compat/pypi", ".py")) copy(`pypi/${name}`, programOfPyPI(name));
}

/** Where a program of a package of PyPI runs. */
export function programOfPyPI(name: string): string {
  return `pypi/${name.slice(0, -".py".length)}/main.py`;
}

/** The names of the files in a folder of the checkout, sorted. */
export function filesIn(folder: string, ...endings: string[]): string[] {
  return Array.from(Deno.readDirSync(ROOT + folder), ({ name }) => name)
    .filter((name) => endings.some((ending) => name.endsWith(ending)))
    .sort((a, b) => a.localeCompare(b, "en"));
}

async function install(
  kind: string,
  locks: string[],
  build: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = `${PROJECT}/${kind}`;
  const texts = locks.map((name) => Deno.readTextFileSync(`${ROOT}compat/${kind}/${name}`));
  const wanted = texts.join("\n");
  if (readIfThere(`${folder}/.installed`) === wanted) return;
  const shown = progress(`Installing the packages of ${kind}`);
  await remove(`${folder}/.installed`);
  locks.forEach((name, index) => Deno.writeTextFileSync(`${folder}/${name}`, texts[index]!));
  try {
    await build(folder);
  } catch (error) {
    shown.failed(`packages of ${kind}`);
    throw error;
  }
  Deno.writeTextFileSync(`${folder}/.installed`, wanted);
  shown.done(`packages of ${kind}`);
}

async function run(command: string, args: string[], cwd: string): Promise<void> {
  const { success, stderr } = await new Deno.Command(command, { args, cwd }).output();
  if (!success) throw new Error(`${command} failed: ${new TextDecoder().decode(stderr)}`);
}

async function remove(path: string): Promise<void> {
  await Deno.remove(path, { recursive: true }).catch(() => {});
}

function readIfThere(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return undefined;
  }
}
