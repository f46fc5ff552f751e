/** The options of the API: those that there are. */
import { CapsuleError } from "../errors/error.ts";
import { clipped, shown } from "../errors/shown.ts";

/** Options of `open` that another process can be told of. */
export const PROGRAM_OPTIONS = [
  ...["file", "code", "language", "cwd", "mounts", "env", "policy", "grants", "secrets", "limits"],
  ...["packages", "budget"],
] as const;
/** Options of `open`. */
export const OPEN_OPTIONS = [...PROGRAM_OPTIONS, "onEvent", "signal", "isolation"] as const;
/** Options of a call that another process can be told of, besides `limits`. */
export const CALL_DETAILS = ["kwargs", "stdin", "capture"] as const;
/** Options of a call. */
export const CALL_OPTIONS = [...CALL_DETAILS, "limits", "onEvent", "signal"] as const;
/** Options of `run`. */
export const RUN_OPTIONS = [...OPEN_OPTIONS, ...CALL_DETAILS, "task", "args"] as const;

/** What options are called that somebody may look for at the wrong place. */
const ELSEWHERE: Record<string, string> = {
  ...{ compute: "limits", ram: "limits", timeout: "limits", maxRetries: "limits" },
  ...{ allowedFiles: "grants", allowedHosts: "grants", envVariables: "grants" },
};

/**
 * Refuses what is no option: a limit that one believes to have set would not be there.
 *
 * @param caller As a message names it: `run`.
 * @throws {CapsuleError} `invalid_argument`.
 */
export function checkOptions(options: unknown, known: readonly string[], caller: string): void {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new CapsuleError(
      "invalid_argument",
      `${caller}: ${shown(options)} is no object of options`,
    );
  }
  for (const name in options) {
    if (known.includes(name)) continue;
    const group = Object.hasOwn(ELSEWHERE, name) ? ELSEWHERE[name] : undefined;
    throw new CapsuleError(
      "invalid_argument",
      `${caller}: unknown option "${clipped(name)}"; there are: ${known.join(", ")}`,
      { hint: group && `write ${group}: { ${name}: … }` },
    );
  }
}

/**
 * Parses `capture`.
 *
 * @throws {CapsuleError} `invalid_argument`.
 */
export function parseCapture(value: unknown): boolean {
  if (value === undefined || typeof value === "boolean") return value ?? false;
  throw new CapsuleError("invalid_argument", `capture: ${shown(value)} is neither true nor false`);
}
