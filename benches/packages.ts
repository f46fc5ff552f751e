/** Prepares a project of programs that import well-known packages, with the packages installed. */
import { progress, ROOT } from "../scripts/common.ts";
import { isCurrent, keep, npmInstall, pipInstall } from "./installing.ts";

/** The programs and their packages: `node_modules` and `.venv`. */
export const PROGRAMS = `${ROOT}build/benches`;

const LOCKS = ["package.json", "package-lock.json", "requirements.txt"];

/** Copies the programs there, and installs their packages if the lockfiles changed. */
export async function preparePrograms(): Promise<void> {
  Deno.mkdirSync(PROGRAMS, { recursive: true });
  for (const { name } of Deno.readDirSync(`${ROOT}benches/programs`)) {
    Deno.copyFileSync(`${ROOT}benches/programs/${name}`, `${PROGRAMS}/${name}`);
  }
  if (isCurrent(PROGRAMS, `${ROOT}benches`, LOCKS)) return;
  const shown = progress("Installing the packages of benchmarks");
  for (const name of LOCKS) {
    Deno.copyFileSync(`${ROOT}benches/${name}`, `${PROGRAMS}/${name}`);
  }
  await npmInstall(PROGRAMS);
  await pipInstall(PROGRAMS);
  keep(PROGRAMS, `${ROOT}benches`, LOCKS);
  shown.done("packages of benchmarks");
}
