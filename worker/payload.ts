/** Parses the payload of a client's frame. */
import { CapsuleError } from "../errors/error.ts";
import { platform } from "../platform/mod.ts";
import type { Variables } from "../runner/config/environment.ts";
import { PROGRAM_OPTIONS } from "../runner/options/options.ts";
import type { Payload } from "../sdk/payload.ts";

/** The members of an `open` request: those of `ProgramOptions`, and the client's environment. */
export const OPEN_MEMBERS = [...PROGRAM_OPTIONS, "environment"];
/** The members of a task's input. */
export const INPUT_MEMBERS = ["args", "kwargs"];
/** The members of a `run` request. */
export const RUN_MEMBERS = [...OPEN_MEMBERS, "task", ...INPUT_MEMBERS, "input", "stdin", "capture"];
/** The members of a `call` request with `detailed`. */
export const CALL_MEMBERS = ["input", "limits", "stdin", "capture", "seed", "now"];

/**
 * Parses the JSON of a payload, an object.
 *
 * @param members The names that it may have.
 * @throws {CapsuleError} `invalid_argument`, naming the problem.
 */
export function parsePayload(json: string, members: string[]): Record<string, unknown> {
  return parseObject("the payload", json, members);
}

/**
 * The input of a call, as the client's own text: parsing and writing it again would change `1.0` and large integers.
 *
 * @throws {CapsuleError} `invalid_argument`, naming the problem.
 */
export function inputOf(text: unknown, bytes: Uint8Array): Payload {
  if (typeof text !== "string") throw wrong(`input must be a string (got ${typeof text})`);
  const { args, kwargs } = parseObject("input", text, INPUT_MEMBERS);
  // Missing args become an empty array; any other value is rejected.
  if (!Array.isArray(args)) return inputFrom({ args, kwargs }, bytes);
  return { json: text, bytes };
}

/**
 * The input of a call from parsed arguments, in which bytes are still placeholders.
 *
 * @throws {CapsuleError} `invalid_argument`, if `args` is not an array.
 */
export function inputFrom(
  { args = [], kwargs }: { args?: unknown; kwargs?: unknown },
  bytes: Uint8Array,
): Payload {
  if (!Array.isArray(args)) throw wrong(`args must be an array (got ${typeof args})`);
  return { json: JSON.stringify({ args, kwargs }), bytes };
}

/**
 * Splits a payload into its JSON text and the bytes after it.
 *
 * @param json The length of the text, if bytes follow it.
 * @throws {CapsuleError} `invalid_argument`, naming the problem.
 */
export function partsOf(payload: Uint8Array, json = payload.length): Payload {
  if (json > payload.length) {
    throw wrong(`json (${json}) is larger than the payload (${payload.length} bytes)`);
  }
  try {
    return { json: decoder.decode(payload.subarray(0, json)), bytes: payload.subarray(json) };
  } catch (cause) {
    throw wrong(`the payload is not JSON: ${(cause as Error).message}`, cause);
  }
}

function parseObject(what: string, text: string, members: string[]): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw wrong(`${what} is not JSON: ${(cause as Error).message}`, cause);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw wrong(`${what} must be a JSON object`);
  }
  const unknown = Object.keys(value).find((name) => !members.includes(name));
  if (unknown === undefined) return value as Record<string, unknown>;
  throw wrong(`unknown option "${unknown}"; there are: ${members.join(", ")}`);
}

/**
 * The environment variables of the client's process; this process's own, if the client sent none.
 *
 * @throws {CapsuleError} `invalid_argument`, if it is not an object of strings.
 */
export function variablesOf(environment: unknown): Variables {
  if (environment === undefined) return platform.env;
  if (typeof environment !== "object" || environment === null || Array.isArray(environment)) {
    throw wrong("environment must be an object");
  }
  const variables = new Map(Object.entries(environment));
  for (const [name, value] of variables) {
    if (typeof value !== "string") throw wrong(`environment.${name} must be a string`);
  }
  return (name) => variables.get(name);
}

function wrong(problem: string, cause?: unknown): CapsuleError {
  return new CapsuleError("invalid_argument", problem, { cause });
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
