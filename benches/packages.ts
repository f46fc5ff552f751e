/** Programs that import well-known packages, in a folder where those are installed. */
import { progress, ROOT } from "../scripts/common.ts";

/** The programs and their packages. */
export const PROGRAMS = `${ROOT}build/benches`;

/** Copies the programs there, and installs what they import if the lockfiles changed. */
export async function preparePrograms(): Promise<void> {
  Deno.mkdirSync(PROGRAMS, { recursive: true });
  for (const { name } of Deno.readDirSync(`${ROOT}benches/programs`)) {
    Deno.copyFileSync(`${ROOT}benches/programs/${name}`, `${PROGRAMS}/${name}`);
  }
  const locks = ["package.json", "package-lock.json", "requirements.txt"];
  const wanted = locks.map((name) => Deno.readTextFileSync(`${ROOT}benches/${name}`)).join("\n");
  if (readIfThere(`${PROGRAMS}/.locks`) === wanted) return;
  const shown = progress("Installing the packages of benchmarks");
  for (const name of locks) Deno.copyFileSync(`${ROOT}benches/${name}`, `${PROGRAMS}/${name}`);
  await run("npm", ["install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts"]);
  const pip = ["-m", "pip", "install", "--quiet", "--upgrade", "--target", "."];
  await run("python3", [...pip, "--require-hashes", "--requirement", "requirements.txt"]);
  Deno.writeTextFileSync(`${PROGRAMS}/.locks`, wanted);
  shown.done("packages of benchmarks");
}

async function run(command: string, args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(command, { args, cwd: PROGRAMS }).output();
  if (!success) throw new Error(`${command} failed: ${new TextDecoder().decode(stderr)}`);
}

function readIfThere(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return undefined;
  }
}
