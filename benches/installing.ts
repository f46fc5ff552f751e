/** Installs packages of lockfiles in a folder. */

/** Whether the packages of these files of the checkout are installed in the folder. */
export function isCurrent(
  folder: string,
  source: string,
  locks: string[],
): boolean {
  try {
    return Deno.readTextFileSync(`${folder}/.locks`) ===
      contents(source, locks);
  } catch {
    return false;
  }
}

/** Records what was installed. */
export function keep(folder: string, source: string, locks: string[]): void {
  Deno.writeTextFileSync(`${folder}/.locks`, contents(source, locks));
}

/** Installs the packages of the folder's `package.json`, and these. Runs no install scripts. */
export async function npmInstall(
  folder: string,
  packages: string[] = [],
): Promise<void> {
  const quiet = ["--no-save", "--no-audit", "--no-fund", "--ignore-scripts"];
  await run("npm", ["install", ...quiet, ...packages], folder);
}

/** Creates a virtual environment in the folder, with the packages of its `requirements.txt`. */
export async function pipInstall(folder: string): Promise<void> {
  await run("python3", ["-m", "venv", "--clear", ".venv"], folder);
  const pip = [
    "-m",
    "pip",
    "install",
    "--quiet",
    "--disable-pip-version-check",
  ];
  const wanted = ["--require-hashes", "--requirement", "requirements.txt"];
  await run(`${folder}/.venv/bin/python`, [...pip, ...wanted], folder);
}

function contents(source: string, locks: string[]): string {
  return locks.map((name) => Deno.readTextFileSync(`${source}/${name}`)).join(
    "\n",
  );
}

async function run(
  command: string,
  args: string[],
  cwd: string,
): Promise<void> {
  const { success, stderr } = await new Deno.Command(command, { args, cwd })
    .output();
  if (!success) {
    throw new Error(`${command} failed: ${new TextDecoder().decode(stderr)}`);
  }
}
