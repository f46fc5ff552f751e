import { cacheContent } from "../../cache/content.ts";
import { projectFolder } from "../../cache/project_folder.ts";
import { codeSource } from "../../compiler/program.ts";
import { packageFolders } from "../../compiler/python/packages.ts";
import { hostPackages } from "../../runner/policy/packages.ts";
import {
  engineSources,
  esbuildPath,
  findInstallation,
  libraryPath,
} from "../../install/installation.ts";
import { CACHE_HINT, cacheFolder, cachePlace, canWriteTo } from "../../cache/place.ts";
import { certificateFiles } from "../../install/certificates.ts";
import { CapsuleError } from "../../errors/error.ts";
import type { Language } from "../../ffi/native.ts";
import { platform } from "../../platform/mod.ts";
import { join } from "../../platform/path.ts";
import { readConfig } from "../../runner/config/config.ts";
import { CONFIG_FILE, projectRoot } from "../../runner/config/project.ts";
import type { RunEvent } from "../../runner/events.ts";
import { run } from "../../runner/run.ts";
import { closeRuntime } from "../../runner/runtime.ts";
import { userConfigText } from "../../runner/config/user_config.ts";
import { VERSION } from "../../version.ts";
import { type CommandSpec, parseArguments } from "../options/arguments.ts";
import { workingFolder } from "../options/folder.ts";
import { printLine } from "../terminal/report.ts";
import { count, duration, size, table } from "../terminal/table.ts";
import { engineBytes, shareEngines } from "../warm.ts";

export const doctorCommand: CommandSpec = {
  name: "doctor",
  usage: "[OPTIONS]",
  argumentsAtMost: 0,
  summary: "Check the installation and suggest fixes",
  details: `
Checks each part of the installation, runs a task in each language, and lists what is in
the cache. The exit code is 1 if something is missing or broken.

--warm compiles the engines into the cache; the exit code is also 1 if they cannot be
stored there. When root runs it with CAPSULE_CACHE_DIR set, all users can read them. In a
container image:
  ENV CAPSULE_CACHE_DIR=/var/cache/capsule
  RUN capsule doctor --warm`,
  options: {
    warm: { help: "Compile the engines into the cache before the first run" },
    json: { help: "Print the findings as JSON" },
    cwd: { value: "DIR", completes: "folders", help: "A folder of the project" },
  },
};

/** The result of one check. */
interface Finding {
  part: string;
  found: string;
  problem?: { message: string; hint?: string | undefined };
}

/** An engine that ran a task. */
interface UsedEngine {
  language: Language;
  /** Whether it had to be compiled, because it was not in the cache. */
  compiled: boolean;
  /** Includes starting this process's threads. */
  durationMs: number;
  /** The size of its files in the cache. */
  bytes: number;
}

/** What events reported while a task ran in each language. */
interface Observed {
  compiled: Set<Language>;
  cacheProblem?: { message: string; hint: string };
}

/** Checks the installation. Returns the exit code. */
export async function doctor(args: string[]): Promise<number> {
  const parsed = parseArguments(args, doctorCommand);
  const [warm, json] = [parsed.flags.has("warm"), parsed.flags.has("json")];
  const cwd = workingFolder(parsed);
  const root = projectRoot(undefined, cwd);
  await findInstallation();
  const observed: Observed = { compiled: new Set() };
  const findings: Finding[] = [
    { part: "Capsule", found: `${VERSION}, ${platform.runtime}, ${platform.target}` },
    await check("native library", () => fileSize(libraryPath())),
    await check("esbuild", () => fileSize(esbuildPath())),
  ];
  const engines: UsedEngine[] = [];
  for (const language of ["javascript", "python"] as const) {
    const engine = await check(`${language} engine`, () => engineText(language));
    findings.push(engine);
    if (engine.problem) continue;
    const startedMs = performance.now();
    const task = await check(`${language} task`, () => runTask(language, observed));
    findings.push(task);
    if (task.problem) continue;
    const [compiled, bytes] = [observed.compiled.has(language), engineBytes(language)];
    engines.push({ language, compiled, durationMs: performance.now() - startedMs, bytes });
  }
  closeRuntime();
  findings.push(
    await check("certificates", certificatesText),
    await check("your configuration", userConfigText),
    await check("project", () => projectText(root)),
    await check("cache folder", () => cacheText(observed, warm)),
  );
  const isKept = !findings.at(-1)!.problem;
  const isShared = warm && isKept && shareEngines();
  const content = isKept ? cacheContent().filter(({ files }) => files > 0) : [];
  const problems = findings.filter(({ problem }) => problem);
  if (json) {
    const cache = { folder: isKept ? cacheFolder() : null, shared: isShared, content };
    const ok = problems.length === 0;
    printLine(JSON.stringify({ ok, findings, engines, cache }, null, 2));
    return ok ? 0 : 1;
  }
  const rows = findings.map(({ problem, part, found }) => [problem ? "✘" : "✔", part, found]);
  printLine(table(["", "part", "found"], rows));
  if (warm && engines.length > 0) {
    const rows = engines.map(({ language, compiled, durationMs, bytes }) => [
      language,
      isKept ? size(bytes) : "not kept",
      duration(durationMs),
      compiled ? "compiled" : "already cached",
    ]);
    printLine("");
    printLine(table(["engine", "size>", "time>", ""], rows));
    if (isShared) printLine("all users can read these files");
  }
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
  for (const { part, problem } of problems) {
    printLine(`\n✘ ${part}: ${problem!.message}`);
    if (problem!.hint) printLine(`  ${problem!.hint}`);
  }
  return problems.length === 0 ? 0 : 1;
}

/** Where the cache is, and whether files can be stored there. */
function cacheText({ cacheProblem }: Observed, warm: boolean): string {
  const { folder, problem } = cachePlace();
  if (folder === undefined) {
    throw new CapsuleError("installation", problem!, { hint: CACHE_HINT });
  }
  if (cacheProblem) {
    throw new CapsuleError("installation", cacheProblem.message, { hint: cacheProblem.hint });
  }
  if (canWriteTo(folder)) return `${folder}, writable`;
  if (warm) return `${folder}, read-only, with both engines`;
  return `${folder}, read-only: existing files are used, new ones are not stored`;
}

async function check(part: string, find: () => string | Promise<string>): Promise<Finding> {
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
    throw new CapsuleError("installation", `file "${path}" does not exist`, {
      hint: "in a checkout, scripts/capsule builds what is missing; else install Capsule again",
    });
  }
  return `${digest.slice(0, 12)}, ${fileSize(path)}`;
}

async function runTask(language: Language, observed: Observed): Promise<string> {
  const code = language === "python"
    ? "def main(): return 42"
    : `import { task } from "@capsule/sdk"; export const main = task({ name: "main" }, () => 42);`;
  const startedMs = performance.now();
  const onEvent = (event: RunEvent) => {
    if (event.type === "engine_compiling") observed.compiled.add(event.language);
    if (event.type === "cache_unavailable") {
      observed.cacheProblem = { message: event.reason, hint: event.hint };
    }
  };
  const ended = await run({ code, language, cwd: "/", onEvent });
  if (ended.success && ended.result === 42) {
    return `runs, ${duration(performance.now() - startedMs)} including startup`;
  }
  throw new CapsuleError("installation", ended.error?.message ?? "wrong result", {
    hint: "the cache may be damaged: capsule clean empties it",
  });
}

function certificatesText(): string {
  const found = certificateFiles().find((path) => platform.stat(path)?.isFile);
  if (found !== undefined) return found;
  throw new CapsuleError("installation", "no CA certificates found: https requests will fail", {
    hint: "install ca-certificates, or set SSL_CERT_FILE",
  });
}

async function projectText(root: string): Promise<string> {
  await readConfig(root);
  const parts = [
    root,
    platform.exists(join(root, CONFIG_FILE)) ? CONFIG_FILE : `no ${CONFIG_FILE}`,
  ];
  const host = hostPackages(platform.env, root);
  const packages = packageFolders(codeSource("", "python", { root }), host)[0];
  if (packages) parts.push(`packages of ${packages.host}`);
  if (platform.stat(projectFolder(root))?.isFolder) parts.push(".capsule");
  return parts.join(", ");
}
