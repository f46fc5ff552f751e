/** From a request to a program that is loaded, and what its tasks may do. */
import { compileCached } from "../../compiler/cached.ts";
import { compile } from "../../compiler/compile.ts";
import type { Program } from "../../compiler/program.ts";
import { packageFolders } from "../../compiler/python/packages.ts";
import { CapsuleError } from "../../errors/error.ts";
import type { FolderGrant, NativeEvent, TaskPolicy } from "../../ffi/native.ts";
import { basename } from "../../platform/path.ts";
import { failedAt } from "../envelope/place.ts";
import { type RunEvent, runEvent } from "../events.ts";
import { LoadFault } from "./load_fault.ts";
import { resolvePolicies } from "../policy/grant.ts";
import { withheld } from "../policy/grants.ts";
import { underLimits } from "../policy/limits.ts";
import { packagesHint } from "../policy/packages.ts";
import { parseDeclarations, policiesOf } from "../policy/policy.ts";
import type { ProgramRequest } from "./request.ts";
import { type LoadedProgram, LoadFailure, runtime } from "../runtime.ts";

/** A program that is loaded, and all that was found out about it. */
export interface PreparedProgram {
  /** The project root, absolute. */
  root: string;
  program: Program;
  packages: FolderGrant[];
  loaded: LoadedProgram;
  /** What the engine told of the tasks, as JSON. */
  declarations: string;
  policies: Record<string, TaskPolicy>;
}

interface ReadProgram {
  program: Program;
  packages: FolderGrant[];
  /** To be called once it was loaded. */
  keep?: () => void;
}

/**
 * Loads a program, and fixes what its tasks may do.
 *
 * @param how `isBuild`: no task will be called. What tasks declare is not looked up.
 * @throws {CapsuleError} for mistakes on the host's side. The reason of the signal, if that aborts.
 */
export async function prepare(
  request: ProgramRequest,
  { isBuild = false }: { isBuild?: boolean } = {},
): Promise<PreparedProgram> {
  const { source, isTrusted, granted, onEvent, signal } = request;
  const { program, packages, keep } = await read(request);
  const loaded = await load(program, packages, request);
  keep?.();
  try {
    const declarations = program.component?.declarations ?? loaded.declarations;
    const declared = policiesOf(
      program,
      parseDeclarations(program, declarations),
      request.defaults,
    );
    const { policies: bounded, clipped } = underLimits(declared, request.limits);
    const policies = await resolvePolicies(bounded, {
      program,
      root: request.hostRoot,
      environment: request.environment,
      mounts: request.mounts,
      granted,
      // The folders that a component declares are those where it is run.
      isTrusted: isTrusted && !isBuild,
      secrets: request.secrets,
    });
    const refused = isTrusted ? undefined : withheld(Object.values(declared), granted);
    if (refused !== undefined) onEvent?.({ type: "access_withheld", ...refused });
    if (clipped.length > 0) onEvent?.({ type: "limits_clipped", limits: clipped });
    // The load may have ended before it heard of that.
    signal?.throwIfAborted();
    return { root: source.root, program, packages, loaded, declarations, policies };
  } catch (error) {
    runtime().unload(loaded.id);
    throw error;
  }
}

async function read(
  { source, hostPackages, onEvent, signal }: ProgramRequest,
): Promise<ReadProgram> {
  try {
    if ("component" in source) {
      // Sources need nothing of it, and would wait for it to be loaded.
      const { readComponent } = await import("../../compiler/component/component_file.ts");
      return await readComponent(source.component);
    }
    const program = "file" in source
      ? await compileCached(source, () => onEvent?.({ type: "program_compiling" }))
      : (await compile(source)).program;
    const isPython = source.language === "python";
    return { program, packages: isPython ? packageFolders(source, hostPackages) : [] };
  } finally {
    // Ctrl-C reaches esbuild too: its failure is not what counts then.
    signal?.throwIfAborted();
  }
}

async function load(
  program: Program,
  packages: FolderGrant[],
  { source, budget, fixed, onEvent, signal, isTrusted }: ProgramRequest,
): Promise<LoadedProgram> {
  const { language, files, component, sourceMap, key } = program;
  const request = { language, files, component, sourceMap, key, packages, limits: budget, fixed };
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
        ? packagesHint(language, packages, "packages" in source ? source.packages : undefined)
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
