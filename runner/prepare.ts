/** From a request to a program that is loaded, and what its tasks may do. */
import { compileCached } from "../compiler/cached.ts";
import { clippedPath } from "../errors/clipped.ts";
import { compile } from "../compiler/compile.ts";
import { languageOf, languageOfSource, type Program, type Source } from "../compiler/program.ts";
import { SOURCE_BYTES_AT_MOST } from "../ffi/host_file.ts";
import { findInstallation } from "../install/installation.ts";
import { CapsuleError } from "../errors/error.ts";
import type {
  FolderGrant,
  NativeEvent,
  NativeFixed,
  NativeLimits,
  NativeSecret,
  TaskPolicy,
} from "../ffi/native.ts";
import { platform } from "../platform/mod.ts";
import { basename, dirname, extname, join, resolve } from "../platform/path.ts";
import { budgetOf, parseBudget } from "./policy/budget.ts";
import { type Config, readConfig, readConfinedConfig } from "./config/config.ts";
import { Environment, type Variables } from "./config/environment.ts";
import { type RunEvent, runEvent } from "./events.ts";
import { projectRoot, statOf } from "./config/project.ts";
import { failedAt } from "./envelope/place.ts";
import { LoadFault } from "./load_fault.ts";
import type { ProgramOptions, ProgramSettings } from "./options.ts";
import { parseMounts } from "./policy/files/mounts.ts";
import { parseFixed } from "./policy/fixed.ts";
import { resolvePolicies } from "./policy/grant.ts";
import { parseGrants, parsePolicy, withheld } from "./policy/grants.ts";
import { defaultsOf, limitsOf, parseLimits, underLimits } from "./policy/limits.ts";
import { packagesHint, packagesOf, parsePackages } from "./policy/packages.ts";
import { parseDeclarations, policiesOf } from "./policy/policy.ts";
import { type LoadedProgram, LoadFailure, loadLibrary, runtime } from "./runtime.ts";
import { shown } from "../errors/shown.ts";

/** A program that is loaded, and all that was found out about it. */
export interface PreparedProgram {
  source: ProgramSource;
  program: Program;
  packages: FolderGrant[];
  loaded: LoadedProgram;
  /** What the engine told of the tasks, as JSON. */
  declarations: string;
  policies: Record<string, TaskPolicy>;
  limits: Partial<NativeLimits>;
  secrets: NativeSecret[];
  /** Of its calls, if they say nothing else. */
  fixed: NativeFixed | undefined;
}

/** A component needs no compiler. */
export interface ComponentSource {
  /** Absolute. */
  component: string;
  root: string;
  /** Its author is not trusted. */
  isConfined?: boolean;
}

/** Where a program comes from: a component too. */
export type ProgramSource = Source | ComponentSource;

interface ReadProgram {
  program: Program;
  packages: FolderGrant[];
  /** To be called once it was loaded. */
  keep?: () => void;
}

/**
 * Loads a program, and fixes what its tasks may do.
 *
 * @param variables Those of the process that the program runs for, if that is another one.
 * @param how `isBuild`: no task will be called. What tasks declare is not looked up.
 * @throws {CapsuleError} for mistakes on the host's side. The reason of the signal, if that aborts.
 */
export async function prepare(
  options: ProgramOptions,
  variables: Variables = platform.env,
  { isBuild = false }: { isBuild?: boolean } = {},
): Promise<PreparedProgram> {
  const { signal, onEvent } = options;
  signal?.throwIfAborted();
  await findInstallation();
  // First of all: what it says of files takes less time than what Deno says.
  loadLibrary();
  const found = sourceOf(options);
  const policy = parsePolicy(options.policy, "file" in found ? "declared" : "none");
  const isTrusted = policy === "declared";
  const granted = parseGrants(options.grants);
  const taskLimits = limitsOf(parseLimits(options.limits), isTrusted);
  const budget = parseBudget(options.budget);
  const fixed = options.seed === undefined && options.now === undefined
    ? undefined
    : parseFixed(options);
  if (options.labels !== undefined) {
    (await import("./policy/labels.ts")).parseLabels(options.labels);
  }
  const given = "component" in found ? found : { ...found, packages: packagesFor(found, options) };
  const source = isTrusted ? given : confine(given);
  const { root } = source;
  // What the host's words are relative to: no file of a stranger's has a say in that.
  const hostRoot = source.isConfined ? projectRoot(undefined, workingFolder(options.cwd)) : root;
  // What a component is written in, only the component says.
  runtime("component" in source ? undefined : languageOfSource(source));
  const config = await (isTrusted ? readConfig : readConfinedConfig)(root);
  const limits = budgetOf(budget, config.limits, isTrusted);
  const defaults = defaultsOf(taskLimits, config.defaults, isTrusted);
  const environment = new Environment(
    source.isConfined ? undefined : root,
    options.env,
    variables,
  );
  const mounts = parseMounts(options.mounts ?? []);
  const secrets = await secretsOf(options, isTrusted ? config.secrets : {}, environment);
  const { program, packages, keep } = await read(source, variables, options);
  const packagesGiven = "packages" in source ? source.packages : undefined;
  const loading = { packages, packagesGiven, limits, fixed, onEvent, signal, isTrusted };
  const loaded = await load(program, loading);
  keep?.();
  try {
    const declarations = program.component?.declarations ?? loaded.declarations;
    const declared = policiesOf(program, parseDeclarations(program, declarations), defaults);
    const surroundings = {
      program,
      root: hostRoot,
      environment,
      mounts,
      granted,
      // The folders that a component declares are those where it is run.
      isTrusted: isTrusted && !isBuild,
      secrets,
    };
    const { policies: bounded, clipped } = underLimits(declared, taskLimits);
    const policies = await resolvePolicies(bounded, surroundings);
    const refused = isTrusted ? undefined : withheld(Object.values(declared), granted);
    if (refused !== undefined) onEvent?.({ type: "access_withheld", ...refused });
    if (clipped.length > 0) onEvent?.({ type: "limits_clipped", limits: clipped });
    // The load may have ended before it heard of that.
    signal?.throwIfAborted();
    return { source, program, packages, loaded, declarations, policies, limits, secrets, fixed };
  } catch (error) {
    runtime().unload(loaded.id);
    throw error;
  }
}

/**
 * Which packages a program may import. For a file in TypeScript, `"host"` becomes the folder whose `node_modules` is the
 * nearest to `cwd`; text looks there anyway.
 */
function packagesFor(source: Source, options: ProgramSettings): Source["packages"] {
  const cwd = workingFolder(options.cwd);
  const packages = parsePackages(options.packages, cwd);
  const isText = "code" in source;
  if (packages !== "host" || isText || languageOfSource(source) === "python") return packages;
  for (let folder = cwd;; folder = dirname(folder)) {
    if (statOf(join(folder, "node_modules"))?.isFolder) return folder;
    if (folder === dirname(folder)) return cwd;
  }
}

/** Most programs have none, and do without what reads them. */
async function secretsOf(
  { secrets }: ProgramSettings,
  named: Config["secrets"],
  environment: Environment,
): Promise<NativeSecret[]> {
  if (secrets === undefined && Object.keys(named).length === 0) return [];
  const { allSecrets, parseSecrets } = await import("./policy/secrets.ts");
  return await allSecrets(parseSecrets(secrets), named, environment);
}

async function read(
  source: ProgramSource,
  variables: Variables,
  { cwd, signal, onEvent }: ProgramSettings,
): Promise<ReadProgram> {
  try {
    if ("component" in source) {
      // Sources need nothing of it, and would wait for it to be loaded.
      const { readComponent } = await import("../compiler/component/component_file.ts");
      return await readComponent(source.component);
    }
    const program = "file" in source
      ? await compileCached(source, () => onEvent?.({ type: "program_compiling" }))
      : (await compile(source)).program;
    const folder = workingFolder(cwd);
    const packages = program.language === "python" ? packagesOf(source, variables, folder) : [];
    return { program, packages };
  } finally {
    // Ctrl-C reaches esbuild too: its failure is not what counts then.
    signal?.throwIfAborted();
  }
}

function sourceOf(options: ProgramOptions): ProgramSource {
  checkTexts(options);
  const { file, code, language } = options;
  const cwd = workingFolder(options.cwd);
  if (!statOf(cwd)?.isFolder) {
    const folder = clippedPath(cwd);
    throw new CapsuleError("file_not_found", `Cannot use the folder "${folder}": there is none`);
  }
  if (file !== undefined) {
    const path = resolve(cwd, file);
    const root = projectRoot(path, cwd);
    if (extname(path) === ".wasm") {
      if (options.packages !== undefined) {
        throw new CapsuleError("invalid_argument", "packages: a component brings its own");
      }
      return { component: path, root };
    }
    languageOf(path);
    return { file: path, root };
  }
  if (language !== "python" && language !== "typescript" && language !== "javascript") {
    throw new CapsuleError(
      "invalid_argument",
      `code needs its language: "typescript", "javascript" or "python", not ${shown(language)}`,
    );
  }
  return {
    code,
    language: language === "python" ? "python" : "javascript",
    root: projectRoot(undefined, cwd),
  };
}

/**
 * The source of a program whose author is not trusted. The project of a file is the folder that it really lies in: what is
 * around it, or where this process runs, belongs to others.
 *
 * @throws {CapsuleError} `file_not_found` for what is not a regular file, or too large.
 */
function confine(source: ProgramSource): ProgramSource {
  if ("code" in source) return { ...source, isConfined: true };
  const path = "file" in source ? source.file : source.component;
  const refuse = (problem: string) =>
    new CapsuleError("file_not_found", `Cannot read "${path}": ${problem}`);
  const stat = statOf(path);
  if (stat === undefined) throw refuse("there is no such file");
  if (!stat.isFile) throw refuse("it is not a regular file");
  if ("file" in source && stat.size > SOURCE_BYTES_AT_MOST) {
    throw refuse(`it is larger than ${SOURCE_BYTES_AT_MOST} bytes`);
  }
  const real = platform.realPath(path);
  const own = { root: dirname(real), isConfined: true };
  return "file" in source ? { ...source, file: real, ...own } : { component: real, ...own };
}

/**
 * Whether there is one program, and texts are texts.
 *
 * @throws {CapsuleError} `invalid_argument`.
 */
export function checkTexts({ file, code, cwd }: ProgramOptions): void {
  if ((file === undefined) === (code === undefined)) {
    throw new CapsuleError("invalid_argument", "give either a file or code");
  }
  for (const [name, value] of Object.entries({ file, code, cwd })) {
    if (value === undefined || typeof value === "string" && !value.includes("\0")) continue;
    throw new CapsuleError("invalid_argument", `${name} must be a string without NUL`);
  }
}

/** The folder that relative paths start from, absolute. */
export function workingFolder(given: string | undefined): string {
  return given?.startsWith("/") ? given : resolve(platform.cwd(), given ?? ".");
}

/** What loading a program needs besides it. */
interface Loading {
  packages: FolderGrant[];
  packagesGiven: Source["packages"];
  limits: Partial<NativeLimits>;
  fixed: NativeFixed | undefined;
  onEvent: ((event: RunEvent) => void) | undefined;
  signal: AbortSignal | undefined;
  isTrusted: boolean;
}

async function load(program: Program, loading: Loading): Promise<LoadedProgram> {
  const { language, files, component, sourceMap, key } = program;
  const { packages, packagesGiven, limits, fixed, onEvent, signal, isTrusted } = loading;
  const request = { language, files, component, sourceMap, key, packages, limits, fixed };
  try {
    return await runtime().load(request, listenerOf(onEvent), signal);
  } catch (error) {
    if (!(error instanceof LoadFailure)) throw error;
    signal?.throwIfAborted();
    const { error_type, message, stack } = error.failure;
    if (error_type === "internal_error") throw new CapsuleError("internal", message);
    if (error_type === "invalid_module") {
      // What it calls itself may be anything.
      const name = component ? basename(component.path) : program.name;
      throw new CapsuleError("invalid_module", `Cannot run "${name}": ${message}`);
    }
    const details = stack ? `\n${stack}` : "";
    const isRefused = NO_ACCESS.test(message);
    const isMissing = !isRefused && MISSING_MODULE.test(message);
    throw new LoadFault(`Cannot load "${program.name}": ${message}${details}`, {
      hint: isRefused
        ? "top-level code runs once, without any access: do this inside a task"
        : isMissing
        ? packagesHint(language, packages, packagesGiven)
        : undefined,
      place: failedAt({ message, stack }, namesIn(program)),
      isHintForHost: isMissing && !isTrusted,
    });
  }
}

/** The files of a program, as its stacks show them. */
function namesIn({ name, files, sourceMap }: Program): ReadonlySet<string> {
  const { sources = [] }: { sources?: string[] } = sourceMap === undefined
    ? {}
    : JSON.parse(new TextDecoder().decode(sourceMap));
  return new Set([name, ...files.map(({ path }) => path), ...sources]);
}

const MISSING_MODULE = /\bModuleNotFoundError: No module named/;

/** What top-level code fails with that wants a file, a socket or a task. */
const NO_ACCESS = /\b(?:FileNotFoundError|PermissionError|OSError)\b|not by top-level code/;

/** Passes on to whoever hears what the native library tells. */
export function listenerOf(onEvent?: (event: RunEvent) => void): (event: NativeEvent) => void {
  return (event) => {
    const told = onEvent && runEvent(event);
    if (told) onEvent(told);
  };
}
