/** `--mount HOST[::GUEST][:ro|:rw]`, and what may be mounted. */
import { CapsuleError } from "../../../errors/error.ts";
import { invalidArgument } from "../../../errors/invalid.ts";
import { shown } from "../../../errors/shown.ts";
import { normalize } from "../../../platform/path.ts";

/** A folder that whoever starts a run adds to what all its tasks may touch. */
export interface Mount {
  /** As it was written: messages name it. */
  spec: string;
  /** Relative to the project's root. */
  host: string;
  /** Absolute. */
  guest: string;
  readOnly: boolean;
}

/**
 * Parses mounts.
 *
 * @throws {CapsuleError} `mount_denied`; `invalid_argument` for what is no list.
 */
export function parseMounts(specs: string[]): Mount[] {
  if (Array.isArray(specs)) return specs.map(parseMount);
  throw invalidArgument("mounts", { expected: "an array of strings", value: specs });
}

function parseMount(spec: string): Mount {
  const refuse = (problem: string) => mountDenied(spec, problem);
  if (typeof spec !== "string" || spec === "") throw refuse("write HOST[::GUEST][:ro|:rw]");
  if (spec.includes("\0")) throw refuse("it contains NUL");
  const mode = spec.match(/:(ro|rw)$/)?.[1];
  const paths = mode === undefined ? spec : spec.slice(0, -mode.length - 1);
  const [host = "", given = host, ...rest] = paths.split("::");
  if (rest.length > 0) throw refuse('it contains more than one "::"');
  if (host === "" || given === "") throw refuse("a path is empty");
  if (/:/.test(host + given)) {
    throw refuse('its mode is neither "ro" nor "rw", or a path contains a colon');
  }
  if (host.startsWith("/")) {
    throw refuse("HOST is absolute: write it relative to the project's root");
  }
  const hostPath = normalize(host);
  if (hostPath === ".." || hostPath.startsWith("../")) {
    throw refuse("HOST leads out of the project");
  }
  if (given.split("/").includes("..")) throw refuse('GUEST contains ".."');
  return { spec, host: hostPath, guest: normalize(`/${given}`), readOnly: mode === "ro" };
}

/** Why a mount is refused. */
export function mountDenied(spec: string, problem: string, hint?: string): CapsuleError {
  return new CapsuleError("mount_denied", problem, { cannot: "mount", value: shown(spec), hint });
}
