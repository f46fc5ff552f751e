/** Installs the packages that `compat/` pins in their own folder. */
import { progress, ROOT } from "../common.ts";

/** The project that the programs run in. Not in `build`, because folders of the installation cannot be granted for writing. */
export const PROJECT = `${ROOT}compat/.project`;

/** The virtual environment of the Python programs. */
const SITE = ".venv/lib/python3.14/site-packages";
/** Packages are installed for the engine's Python version, not for pip's own. */
const PIP = [
  ...["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--upgrade"],
  ...["--python-version=3.14", "--implementation=cp", "--only-binary=:all:", `--target=${SITE}`],
];

/** Copies the programs, and installs their packages if the pins changed. */
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

/** Copies the programs next to the packages. Each Python program has its own folder, so that it does not hide a package of its name. */
function copyPrograms(): void {
  const copy = (from: string, to: string) => {
    const path = `${PROJECT}/${to}`;
    Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    const text = Deno.readTextFileSync(`${ROOT}compat/${from}`);
    // Unchanged files keep their time, so that their image is reused.
    if (readIfThere(path) !== text) Deno.writeTextFileSync(path, text);
  };
  for (const folder of ["", "node/", "npm/", "python/", "python/parts/"]) {
    for (const name of filesIn(`compat/${folder}`, ".ts", ".py")) {
      copy(folder + name, folder + name);
    }
  }
  for (const name of filesIn("compat/pypi", ".py")) copy(`pypi/${name}`, programOfPyPI(name));
}

/** The folder in which a program of a PyPI package runs. */
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
