import { CapsuleError } from "../../errors/error.ts";
import { isRecord } from "../../errors/record.ts";
import { shown } from "../../errors/shown.ts";
import { encode, type Payload } from "../../sdk/payload.ts";

/**
 * Arguments as a sandbox takes them.
 *
 * @throws {CapsuleError} `invalid_argument` for what JSON cannot hold.
 */
export function encodeInput(args: unknown, kwargs: Record<string, unknown> | undefined): Payload {
  if (!Array.isArray(args)) throw refused("args", args, "an array");
  if (kwargs !== undefined && !isRecord(kwargs)) throw refused("kwargs", kwargs, "a plain object");
  try {
    return encode(kwargs === undefined ? { args } : { args, kwargs });
  } catch (cause) {
    throw new CapsuleError("invalid_argument", `cannot be written as JSON: ${cause}`, {
      option: "args",
      cause,
    });
  }
}

function refused(option: string, value: unknown, expected: string): CapsuleError {
  return new CapsuleError("invalid_argument", undefined, { option, value: shown(value), expected });
}
