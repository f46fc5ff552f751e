/** The options of the API, parsed: each is checked here, once, wherever the program then runs. */
import { CapsuleError } from "../../errors/error.ts";
import { invalidArgument } from "../../errors/invalid.ts";
import { shown } from "../../errors/shown.ts";
import type { Language, NativeFixed, NativeLimits, NativeSecret } from "../../ffi/native.ts";
import { platform } from "../../platform/mod.ts";
import { extname, resolve } from "../../platform/path.ts";
import { checkVariables } from "../config/environment.ts";
import { encodeStdin } from "../envelope/stdin.ts";
import { type CallDetails, parseCapture, type ProgramOptions } from "./options.ts";
import { parseBudget } from "../policy/budget.ts";
import { type Mount, parseMounts } from "../policy/files/mounts.ts";
import { parseFixed } from "../policy/fixed.ts";
import { type Granted, parseGrants, parsePolicy } from "../policy/grants.ts";
import { type Limits, limitsOf, parseLimits } from "../policy/limits.ts";
import { parsePackages } from "../policy/packages.ts";

/** What `open` is asked for. */
export interface ParsedProgram {
  /** Paths are absolute. */
  program: { file: string } | { component: string } | { code: string; language: Language };
  /** The working directory, absolute. */
  cwd: string;
  /** Whether tasks get what they declare. */
  isTrusted: boolean;
  packages: string | false | undefined;
  granted: Granted;
  mounts: Mount[];
  env: Record<string, string>;
  secrets: NativeSecret[];
  /** What bounds each task. */
  limits: Limits;
  /** What bounds the whole run. */
  budget: Partial<NativeLimits>;
  fixed: NativeFixed | undefined;
}

/** What a call is asked for, besides its task and arguments. */
export interface ParsedCall {
  limits: Limits | undefined;
  fixed: NativeFixed | undefined;
  /** Each character is a byte. */
  stdin: string | undefined;
  capture: boolean;
}

/**
 * Parses the options of a program. Nothing is read from disk.
 *
 * @throws {CapsuleError} `invalid_argument` or `mount_denied`, naming option and value.
 */
export async function parseProgram(options: ProgramOptions): Promise<ParsedProgram> {
  const cwd = workingFolder(options.cwd);
  const program = programOf(options, cwd);
  const policy = parsePolicy(options.policy, "file" in program ? "declared" : "none");
  const isTrusted = policy === "declared";
  const env = options.env ?? {};
  checkVariables(env);
  if (options.labels !== undefined) {
    (await import("../policy/labels.ts")).parseLabels(options.labels);
  }
  if ("component" in program && options.packages !== undefined) {
    throw new CapsuleError("invalid_argument", "a component has its own packages", {
      option: "packages",
    });
  }
  return {
    program,
    cwd,
    isTrusted,
    packages: parsePackages(options.packages, cwd),
    granted: parseGrants(options.grants),
    mounts: parseMounts(options.mounts ?? []),
    env,
    // Most programs have none, and do without what reads them.
    secrets: options.secrets === undefined
      ? []
      : (await import("../policy/secrets.ts")).parseSecrets(options.secrets),
    limits: limitsOf(parseLimits(options.limits), isTrusted),
    budget: parseBudget(options.budget),
    fixed: fixedOf(options),
  };
}

/**
 * Parses the options of a call.
 *
 * @throws {CapsuleError} `invalid_argument`, naming option and value.
 */
export function parseCall(options: CallDetails): ParsedCall {
  const { limits, stdin, capture } = options;
  return {
    limits: limits === undefined ? undefined : parseLimits(limits),
    fixed: fixedOf(options),
    stdin: encodeStdin(stdin),
    capture: parseCapture(capture),
  };
}

/** The folder that relative paths start from, absolute. */
export function workingFolder(given: string | undefined): string {
  checkText("cwd", given);
  return given?.startsWith("/") ? given : resolve(platform.cwd(), given ?? ".");
}

function programOf(
  { file, code, language }: ProgramOptions,
  cwd: string,
): ParsedProgram["program"] {
  if ((file === undefined) === (code === undefined)) {
    throw new CapsuleError("invalid_argument", "set either file or code");
  }
  checkText("file", file);
  checkText("code", code);
  if (file !== undefined) {
    const path = resolve(cwd, file);
    return extname(path) === ".wasm" ? { component: path } : { file: path };
  }
  if (language === "python") return { code, language };
  if (language === "typescript" || language === "javascript") {
    return { code, language: "javascript" };
  }
  throw new CapsuleError("invalid_argument", undefined, {
    option: "language",
    value: shown(language),
    expected: '"typescript", "javascript" or "python"',
  });
}

function checkText(name: string, value: unknown): void {
  if (value === undefined || typeof value === "string" && !value.includes("\0")) return;
  throw invalidArgument(name, { expected: "a string without NUL", value });
}

function fixedOf({ seed, now }: ProgramOptions | CallDetails): NativeFixed | undefined {
  return seed === undefined && now === undefined ? undefined : parseFixed({ seed, now });
}
