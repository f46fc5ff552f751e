/** From the options of a program to a request: everything that decides what it is and what it may do, looked up once. */
import { codeSource, type FileSource, fileSource, type Source } from "../../compiler/program.ts";
import type { HostPackages } from "../../compiler/python/packages.ts";
import { CapsuleError } from "../../errors/error.ts";
import { SOURCE_BYTES_AT_MOST } from "../../ffi/host_file.ts";
import type { NativeFixed, NativeLimits, NativeSecret } from "../../ffi/native.ts";
import { findInstallation } from "../../install/installation.ts";
import { platform } from "../../platform/mod.ts";
import { dirname, join } from "../../platform/path.ts";
import { type Config, readConfig, readConfinedConfig } from "../config/config.ts";
import { Environment, type Variables } from "../config/environment.ts";
import { projectRoot, statOf } from "../config/project.ts";
import type { RunEvent } from "../events.ts";
import type { ProgramOptions } from "../options/options.ts";
import { type ParsedProgram, parseProgram } from "../options/parsed_options.ts";
import { budgetOf } from "../policy/budget.ts";
import type { Mount } from "../policy/files/mounts.ts";
import type { Granted } from "../policy/grants.ts";
import { defaultsOf, type Limits } from "../policy/limits.ts";
import { hostPackages } from "../policy/packages.ts";
import type { Policy } from "../policy/policy.ts";
import { loadLibrary, runtime } from "../runtime.ts";

/** A component needs no compiler. */
export interface ComponentSource {
  /** Absolute. */
  component: string;
  /** The project root, absolute. */
  root: string;
}

/** A program to load. Nothing after this looks at options, settings or the file system to learn what is asked for. */
export interface ProgramRequest {
  source: Source | ComponentSource;
  /** Whether tasks get what they declare. */
  isTrusted: boolean;
  /** What paths of the host's options are relative to. Files of an untrusted program have no say in it. */
  hostRoot: string;
  hostPackages: HostPackages;
  granted: Granted;
  mounts: Mount[];
  environment: Environment;
  secrets: NativeSecret[];
  /** What a task gets that declares nothing. */
  defaults: Policy;
  /** What bounds each task. */
  limits: Limits;
  /** What bounds the whole run. */
  budget: Partial<NativeLimits>;
  fixed: NativeFixed | undefined;
  onEvent: ((event: RunEvent) => void) | undefined;
  signal: AbortSignal | undefined;
}

/**
 * Resolves options to a request, and starts the engine that it needs.
 *
 * @param variables Those of the process that the program runs for, if that is another one.
 * @throws {CapsuleError} for mistakes on the host's side.
 */
export async function resolveProgram(
  options: ProgramOptions,
  variables: Variables = platform.env,
): Promise<ProgramRequest> {
  const parsed = await parseProgram(options);
  const { cwd, isTrusted, granted, mounts, limits, fixed } = parsed;
  await findInstallation();
  // First of all: what it says of files takes less time than what Deno says.
  loadLibrary();
  if (!statOf(cwd)?.isFolder) {
    throw new CapsuleError("file_not_found", "there is no such folder", {
      cannot: "use",
      file: cwd,
      option: "cwd",
    });
  }
  const source = sourceOf(parsed);
  const { root } = source;
  // What a component is written in, only the component says.
  runtime("component" in source ? undefined : source.language);
  const config = await (isTrusted ? readConfig : readConfinedConfig)(root);
  const environment = new Environment(isTrusted ? root : undefined, parsed.env, variables);
  return {
    source,
    isTrusted,
    hostRoot: isTrusted ? root : projectRoot(undefined, cwd),
    hostPackages: hostPackages(variables, cwd),
    granted,
    mounts,
    environment,
    secrets: await secretsOf(parsed.secrets, isTrusted ? config.secrets : {}, environment),
    defaults: defaultsOf(limits, config.defaults, isTrusted),
    limits,
    budget: budgetOf(parsed.budget, config.limits, isTrusted),
    fixed,
    onEvent: options.onEvent,
    signal: options.signal,
  };
}

function sourceOf({ program, cwd, isTrusted, packages }: ParsedProgram): Source | ComponentSource {
  const settings = { isConfined: !isTrusted, packages };
  if ("code" in program) {
    const { code, language } = program;
    return codeSource(code, language, { root: projectRoot(undefined, cwd), ...settings });
  }
  const path = "file" in program ? program.file : program.component;
  const place = isTrusted
    ? { path, root: projectRoot(path, cwd) }
    : confined(path, "file" in program);
  if ("component" in program) return { component: place.path, root: place.root };
  return withPackages(fileSource(place.path, { root: place.root, ...settings }), cwd);
}

/** For a file in TypeScript, `"host"` becomes the folder whose `node_modules` is the nearest to `cwd`; text looks there anyway. */
function withPackages(source: FileSource, cwd: string): FileSource {
  if (source.packages !== "host" || source.language === "python") return source;
  for (let folder = cwd;; folder = dirname(folder)) {
    const hasPackages = statOf(join(folder, "node_modules"))?.isFolder;
    if (hasPackages) return { ...source, packages: folder };
    if (folder === dirname(folder)) return { ...source, packages: cwd };
  }
}

/**
 * The real path of a file whose author is not trusted, and its project: the folder that it really lies in. What is around
 * that, or where this process runs, belongs to others.
 *
 * @throws {CapsuleError} `file_not_found` for what is not a regular file, or too large.
 */
function confined(path: string, isSource: boolean): { path: string; root: string } {
  const refuse = (problem: string) =>
    new CapsuleError("file_not_found", problem, { cannot: "read", file: path });
  const stat = statOf(path);
  if (stat === undefined) throw refuse("there is no such file");
  if (!stat.isFile) throw refuse("it is not a regular file");
  if (isSource && stat.size > SOURCE_BYTES_AT_MOST) {
    throw refuse(`it is larger than ${SOURCE_BYTES_AT_MOST} bytes`);
  }
  const real = platform.realPath(path);
  return { path: real, root: dirname(real) };
}

/** The secrets of the host's options, and those of its `capsule.toml`. */
async function secretsOf(
  given: NativeSecret[],
  named: Config["secrets"],
  environment: Environment,
): Promise<NativeSecret[]> {
  if (Object.keys(named).length === 0) return given;
  const { allSecrets } = await import("../policy/secrets.ts");
  return await allSecrets(given, named, environment);
}
