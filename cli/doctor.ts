import { cacheContent } from "../compiler/cache_folder.ts";
import { projectFolder } from "../compiler/folder.ts";
import { packageFolders } from "../compiler/python_packages.ts";
import {
  engineSources,
  esbuildPath,
  findInstallation,
  libraryPath,
} from "../compiler/installation.ts";
import { cacheFolder, cachePlace } from "../compiler/cache_place.ts";
import { certificateFiles } from "../compiler/tools.ts";
import { CapsuleError } from "../errors.ts";
import type { Language } from "../ffi/native.ts";
import { platform } from "../platform/mod.ts";
import { join } from "../platform/path.ts";
import { readConfig } from "../runner/config.ts";
import { CONFIG_FILE, projectRoot } from "../runner/project.ts";
import { run } from "../runner/run.ts";
import { closeRuntime } from "../runner/runtime.ts";
import { VERSION } from "../version.ts";
import { type CommandSpec, parseArguments } from "./arguments.ts";
import { workingFolder } from "./folder.ts";
import { printLine } from "./report.ts";
import { count, duration, size, table } from "./table.ts";

export const doctorCommand: CommandSpec = {
  name: "doctor",
  usage: "[OPTIONS]",
  summary: "Tell what is installed, what is missing, and how to mend it",
  details: `
Looks at each part that Capsule needs, runs a task in each language, and shows what lies
in the cache. The exit status is 1 if something is missing or broken.`,
  options: {
    cwd: { value: "DIR", completes: "folders", help: "A folder of the project" },
  },
};

/** What was found of one part. */
interface Finding {
  part: string;
  found: string;
  problem?: { message: string; hint?: string | undefined };
}

/** Looks at everything. Returns the exit status. */
export async function doctor(args: string[]): Promise<number> {
  const cwd = workingFolder(parseArguments(args, doctorCommand));
  const root = projectRoot(undefined, cwd);
  await findInstallation();
  const findings: Finding[] = [
    { part: "Capsule", found: `${VERSION}, ${platform.runtime}, ${platform.target}` },
    await look("native library", () => fileSize(libraryPath())),
    await look("esbuild", () => fileSize(esbuildPath())),
  ];
  for (const language of ["javascript", "python"] as const) {
    const engine = await look(`${language} engine`, () => engineText(language));
    findings.push(engine);
    if (!engine.problem) findings.push(await look(`${language} task`, () => runTask(language)));
  }
  findings.push(
    await look("certificates", certificatesText),
    await look("project", () => projectText(root)),
    await look("cache folder", () => cacheFolder() ?? cachePlace().problem!),
  );
  closeRuntime();
  const rows = findings.map(({ part, found, problem }) => [problem ? "✘" : "✔", part, found]);
  printLine(table(["", "part", "found"], rows));
  const content = cacheContent().filter(({ files }) => files > 0);
  if (content.length > 0) {
    printLine("");
    const kept = content.map(({ name, purpose, files, bytes }) => [
      name,
      count(files),
      size(bytes),
      purpose,
    ]);
    printLine(table(["in the cache", "files>", "size>", "what"], kept));
  }
  const problems = findings.filter(({ problem }) => problem);
  for (const { part, problem } of problems) {
    printLine(`\n✘ ${part}: ${problem!.message}`);
    if (problem!.hint) printLine(`  ${problem!.hint}`);
  }
  return problems.length === 0 ? 0 : 1;
}

async function look(part: string, find: () => string | Promise<string>): Promise<Finding> {
  try {
    return { part, found: await find() };
  } catch (error) {
    const isKnown = error instanceof CapsuleError;
    if (!isKnown && !platform.isSystemError(error)) throw error;
    const hint = isKnown ? error.hint : undefined;
    return { part, found: "", problem: { message: (error as Error).message, hint } };
  }
}

function fileSize(path: string): string {
  return `${size(platform.stat(path)!.size)}, ${path}`;
}

function engineText(language: Language): string {
  const { path, digest } = engineSources()[language];
  if (!platform.stat(path)?.isFile) {
    throw new CapsuleError("installation", `there is no file "${path}"`, {
      hint: "scripts/capsule builds what is missing",
    });
  }
  return `${digest.slice(0, 12)}, ${fileSize(path)}`;
}

async function runTask(language: Language): Promise<string> {
  const code = language === "python"
    ? "def main(): return 42"
    : `import { task } from "@capsule/sdk"; export const main = task({ name: "main" }, () => 42);`;
  const startedMs = performance.now();
  const ended = await run({ code, language, cwd: "/" });
  if (ended.success && ended.result === 42) {
    return `runs, ${duration(performance.now() - startedMs)} with its start`;
  }
  throw new CapsuleError("installation", ended.error?.message ?? "it gave another result", {
    hint: "capsule clean removes what may be damaged in the cache",
  });
}

function certificatesText(): string {
  const found = certificateFiles().find((path) => platform.stat(path)?.isFile);
  if (found !== undefined) return found;
  throw new CapsuleError("installation", "there is no file of certificates: https trusts nobody", {
    hint: "install ca-certificates, or set SSL_CERT_FILE",
  });
}

async function projectText(root: string): Promise<string> {
  await readConfig(root);
  const parts = [
    root,
    platform.exists(join(root, CONFIG_FILE)) ? CONFIG_FILE : `no ${CONFIG_FILE}`,
  ];
  const host = { cwd: root, environment: platform.env("VIRTUAL_ENV") };
  const packages = packageFolders({ code: "", language: "python", root }, host)[0];
  if (packages) parts.push(`packages of ${packages.host}`);
  if (platform.stat(projectFolder(root))?.isFolder) parts.push(".capsule");
  return parts.join(", ");
}
