/** What a client says in the payload of a frame. */
import { CapsuleError } from "../errors/error.ts";
import { platform } from "../platform/mod.ts";
import type { Variables } from "../runner/config/environment.ts";
import { PROGRAM_OPTIONS } from "../runner/options.ts";
import type { Payload } from "../sdk/payload.ts";

/** The members of what opens a program: those of `ProgramOptions`, and the client's environment. */
export const OPEN_MEMBERS = [...PROGRAM_OPTIONS, "environment"];
/** The members of arguments. */
export const INPUT_MEMBERS = ["args", "kwargs"];
/** The members of what does both. */
export const RUN_MEMBERS = [...OPEN_MEMBERS, "task", ...INPUT_MEMBERS, "input", "stdin", "capture"];
/** The members of a call with details. */
export const CALL_MEMBERS = ["input", "limits", "stdin", "capture", "seed", "now"];

/**
 * Parses the JSON of a payload: an object with some of the members.
 *
 * @throws {CapsuleError} `invalid_argument`, naming what is wrong.
 */
export function parsePayload(json: string, members: string[]): Record<string, unknown> {
  return parseObject("the payload", json, members);
}

/**
 * The arguments of a call, as the client has written them: `1.0` and whole numbers of many digits would
 * be others if they were parsed and written again.
 *
 * @throws {CapsuleError} `invalid_argument`, naming what is wrong.
 */
export function inputOf(text: unknown, bytes: Uint8Array): Payload {
  if (typeof text !== "string") throw wrong("input is no text");
  const { args, kwargs } = parseObject("input", text, INPUT_MEMBERS);
  // It refuses what is no list.
  if (!Array.isArray(args)) return inputFrom({ args, kwargs }, bytes);
  return { json: text, bytes };
}

/**
 * The same from arguments that were parsed. Their bytes are placeholders still, and stay so.
 *
 * @throws {CapsuleError} `invalid_argument`, for `args` that are no list.
 */
export function inputFrom(
  { args = [], kwargs }: { args?: unknown; kwargs?: unknown },
  bytes: Uint8Array,
): Payload {
  if (!Array.isArray(args)) throw wrong(`args is no array: ${typeof args}`);
  return { json: JSON.stringify({ args, kwargs }), bytes };
}

/**
 * A payload as text, and the bytes that follow it.
 *
 * @param json The length of the text, if bytes follow it.
 * @throws {CapsuleError} `invalid_argument`, naming what is wrong.
 */
export function partsOf(payload: Uint8Array, json = payload.length): Payload {
  if (json > payload.length) {
    throw wrong(`json is ${json}, more than the ${payload.length} bytes of the payload`);
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
    throw wrong(`${what} is no JSON object`);
  }
  const unknown = Object.keys(value).find((name) => !members.includes(name));
  if (unknown === undefined) return value as Record<string, unknown>;
  throw wrong(`unknown option "${unknown}"; there are: ${members.join(", ")}`);
}

/**
 * The variables of the client's process: this process's own, if it tells nothing of them.
 *
 * @throws {CapsuleError} `invalid_argument`, if they are none.
 */
export function variablesOf(environment: unknown): Variables {
  if (environment === undefined) return platform.env;
  if (typeof environment !== "object" || environment === null || Array.isArray(environment)) {
    throw wrong("environment is no object");
  }
  const variables = new Map(Object.entries(environment));
  for (const [name, value] of variables) {
    if (typeof value !== "string") throw wrong(`environment.${name} is no text`);
  }
  return (name) => variables.get(name);
}

function wrong(problem: string, cause?: unknown): CapsuleError {
  return new CapsuleError("invalid_argument", problem, { cause });
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
