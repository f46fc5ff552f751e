import { compileCached } from "../compiler/cache.ts";
import { compile, languageOf, type Program, type Source } from "../compiler/program.ts";
import { packageFolders } from "../compiler/python_packages.ts";
import { CapsuleError } from "../errors.ts";
import type { FolderGrant, NativeEvent, NativeLimits } from "../ffi/native.ts";
import { platform } from "../platform/mod.ts";
import { dirname, resolve } from "../platform/path.ts";
import type { Envelope } from "../sdk/envelope.ts";
import { type Ceiling, parseCeiling } from "./ceiling.ts";
import { readConfig } from "./config.ts";
import { Environment } from "./environment.ts";
import { type RunEvent, runEvent } from "./events.ts";
import { resolvePolicies } from "./grant.ts";
import { parseMounts } from "./mounts.ts";
import { parseDeclarations, policiesOf } from "./policy.ts";
import { projectRoot } from "./project.ts";
import { type LoadedProgram, LoadFailure, runtime } from "./runtime.ts";

/** Which program: a file, or text in a language. */
export interface ProgramOptions {
  /** A `.ts`, `.js` or `.py` file, relative to `cwd`. */
  file?: string;
  /** The program itself, instead of a file. */
  code?: string;
  /** The language of `code`. */
  language?: "typescript" | "javascript" | "python";
  /** The folder that relative paths start from: the process's own by default. */
  cwd?: string;
  /**
   * Folders that all tasks may touch besides their own: `HOST[::GUEST][:ro|:rw]`, HOST relative to the
   * project's root.
   */
  mounts?: string[];
  /**
   * Environment variables that win over the process's own. A task sees those that its `envVariables`
   * name.
   */
  env?: Record<string, string>;
  /**
   * What tasks may reach of the files, hosts and variables that they declare: `"declared"`, which is all
   * and the default, for programs whose author one trusts; `"none"`; or lists of what is permitted. For a
   * program of somebody else, which then may not import files from outside the project either.
   */
  policy?: "declared" | "none" | Ceiling;
  /** Hears of what happens. */
  onEvent?: (event: RunEvent) => void;
  /** Gives up loading: the reason of the signal is thrown. */
  signal?: AbortSignal;
}

/** How a task is called. */
export interface CallOptions {
  /** Cancels the call: its envelope says `cancelled`. */
  signal?: AbortSignal;
  /** Hears of what happens in this call. */
  onEvent?: (event: RunEvent) => void;
  /** Keyword arguments, for a task in Python. */
  kwargs?: Record<string, unknown>;
}

/** A program that is loaded: calls of it start at once. Close it when it is no longer needed. */
export class OpenProgram {
  readonly #program: Program;
  readonly #loaded: LoadedProgram;
  readonly #grant: number;
  readonly #tasks: Set<string>;
  #closed = false;

  /** For {@link open}. */
  constructor(program: Program, loaded: LoadedProgram, grant: number, tasks: string[]) {
    this.#program = program;
    this.#loaded = loaded;
    this.#grant = grant;
    this.#tasks = new Set(tasks);
  }

  /** The names of the program's tasks. */
  get tasks(): string[] {
    return [...this.#tasks];
  }

  /**
   * Runs a task in a fresh sandbox.
   *
   * @throws {CapsuleError} `task_not_found`; `invalid_argument` for arguments that JSON cannot hold, or
   * when the program is closed.
   */
  async call<R = unknown>(
    task: string,
    args: unknown[] = [],
    options: CallOptions = {},
  ): Promise<Envelope<R>> {
    return JSON.parse(await this.callForText(task, args, options));
  }

  /** Like {@link call}; returns the envelope as JSON text. */
  callForText(task: string, args: unknown[], options: CallOptions = {}): Promise<string> {
    if (this.#closed) {
      throw new CapsuleError("invalid_argument", `Cannot call "${task}": the program is closed`);
    }
    this.#checkTask(task);
    const { onEvent, signal, kwargs } = options;
    return runtime().run(
      {
        grant: this.#grant,
        task,
        input: encodeInput(args, kwargs),
        observe: onEvent !== undefined,
      },
      listenerOf(onEvent),
      signal,
    );
  }

  /** Forgets the program. Calls that are under way go on. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    runtime().unload(this.#loaded.id);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  #checkTask(task: string): void {
    if (this.#tasks.has(task)) return;
    const { name, language } = this.#program;
    const found = this.tasks.length === 0
      ? "it declares no task"
      : `its tasks are: ${this.tasks.join(", ")}`;
    const example = language === "javascript"
      ? `export const ${task} = task({ name: "${task}" }, () => …)`
      : `@task(name="${task}")`;
    throw new CapsuleError("task_not_found", `${name}: there is no task "${task}"; ${found}`, {
      hint: `declare one: ${example}`,
    });
  }
}

/**
 * Loads a program and keeps it warm for many calls.
 *
 * ```ts
 * import { open } from "@capsule/sdk/runner";
 *
 * await using program = await open({ file: "examples/hello.ts" });
 * const first = await program.call("main", ["Ada"]);
 * const second = await program.call("main", ["Grace"]);
 * ```
 *
 * @throws {CapsuleError} for mistakes on the host's side: no such file, a syntax error, a bad option,
 * top-level code that fails. The reason of the signal, if that aborts.
 */
export async function open(options: ProgramOptions): Promise<OpenProgram> {
  const { signal, onEvent, policy = "declared" } = options;
  signal?.throwIfAborted();
  const permitted = parseCeiling(policy);
  const source = { ...sourceOf(options), isConfined: permitted !== undefined };
  const { defaults, limits } = await readConfig(source.root);
  const environment = new Environment(source.root, options.env);
  const mounts = parseMounts(options.mounts ?? []);
  const program = await compileSource(source, signal);
  const packages = program.language === "python" ? packagesOf(source) : [];
  const loaded = await load(program, { packages, limits, onEvent, signal });
  try {
    const declarations = parseDeclarations(program, loaded.declarations);
    const declared = policiesOf(program, declarations, defaults);
    const policies = await resolvePolicies(declared, {
      program,
      root: source.root,
      environment,
      mounts,
      permitted,
    });
    const grant = runtime().grant({ program: loaded.id, policies, limits });
    return new OpenProgram(program, loaded, grant, Object.keys(policies));
  } catch (error) {
    runtime().unload(loaded.id);
    throw error;
  }
}

async function compileSource(source: Source, signal?: AbortSignal): Promise<Program> {
  try {
    return "file" in source ? await compileCached(source) : (await compile(source)).program;
  } finally {
    // Ctrl-C reaches esbuild too: its failure is not what counts then.
    signal?.throwIfAborted();
  }
}

function sourceOf({ file, code, language, cwd = platform.cwd() }: ProgramOptions): Source {
  if ((file === undefined) === (code === undefined)) {
    throw new CapsuleError("invalid_argument", "give either a file or code");
  }
  const texts = { file, code, cwd };
  for (const [name, value] of Object.entries(texts)) {
    if (value === undefined || typeof value === "string" && !value.includes("\0")) continue;
    throw new CapsuleError("invalid_argument", `${name} is no text without NUL`);
  }
  if (!platform.stat(cwd)?.isFolder) {
    throw new CapsuleError("file_not_found", `Cannot use the folder "${cwd}": there is none`);
  }
  if (file !== undefined) {
    const path = resolve(cwd, file);
    languageOf(path);
    return { file: path, root: projectRoot(path, cwd) };
  }
  if (language !== "python" && language !== "typescript" && language !== "javascript") {
    throw new CapsuleError(
      "invalid_argument",
      `code needs its language: "typescript", "javascript" or "python", not ${
        JSON.stringify(language)
      }`,
    );
  }
  return {
    code: code!,
    language: language === "python" ? "python" : "javascript",
    root: projectRoot(undefined, cwd),
  };
}

/** Where the packages of a Python program lie. */
function packagesOf(source: Source): FolderGrant[] {
  return packageFolders(source.root, "file" in source ? dirname(source.file) : source.root);
}

/** What loading a program needs besides it. */
interface Loading {
  packages: FolderGrant[];
  limits: Partial<NativeLimits>;
  onEvent: ((event: RunEvent) => void) | undefined;
  signal: AbortSignal | undefined;
}

async function load(program: Program, loading: Loading): Promise<LoadedProgram> {
  const { language, files, sourceMap, key } = program;
  const { packages, limits, onEvent, signal } = loading;
  const request = { language, files, sourceMap, key, packages, limits };
  try {
    return await runtime().load(request, listenerOf(onEvent), signal);
  } catch (error) {
    if (!(error instanceof LoadFailure)) throw error;
    signal?.throwIfAborted();
    const { error_type, message, stack } = error.failure;
    if (error_type === "internal_error") throw new CapsuleError("internal", message);
    const details = stack ? `\n${stack}` : "";
    throw new CapsuleError("load_failed", `Cannot load "${program.name}": ${message}${details}`, {
      hint: NO_ACCESS.test(message)
        ? "top-level code runs once, without any access: do this inside a task"
        : undefined,
    });
  }
}

/** Passes on to whoever hears what the native library tells. */
function listenerOf(onEvent?: (event: RunEvent) => void): (event: NativeEvent) => void {
  return (event) => {
    const told = onEvent && runEvent(event);
    if (told) onEvent(told);
  };
}

/** What top-level code fails with that wants a file, a socket or a task. */
const NO_ACCESS = /\b(?:FileNotFoundError|PermissionError|OSError)\b|not by top-level code/;

function encodeInput(args: unknown, kwargs: Record<string, unknown> | undefined): string {
  if (!Array.isArray(args)) {
    throw new CapsuleError("invalid_argument", `args is no array: ${typeof args}`);
  }
  try {
    return JSON.stringify(kwargs === undefined ? { args } : { args, kwargs });
  } catch (cause) {
    throw new CapsuleError("invalid_argument", `the arguments have no JSON: ${cause}`, { cause });
  }
}
