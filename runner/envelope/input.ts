import { CapsuleError } from "../../errors/error.ts";
import { invalidArgument } from "../../errors/invalid.ts";
import { isRecord } from "../../errors/record.ts";
import { encode, type Payload } from "../../sdk/payload.ts";

/**
 * Arguments as a sandbox takes them.
 *
 * @throws {CapsuleError} `invalid_argument` for what JSON cannot hold.
 */
export function encodeInput(args: unknown, kwargs: Record<string, unknown> | undefined): Payload {
  if (!Array.isArray(args)) throw invalidArgument("args", { expected: "an array", value: args });
  if (kwargs !== undefined && !isRecord(kwargs)) {
    throw invalidArgument("kwargs", { expected: "a plain object", value: kwargs });
  }
  try {
    return encode(kwargs === undefined ? { args } : { args, kwargs });
  } catch (cause) {
    throw new CapsuleError("invalid_argument", `cannot be written as JSON: ${cause}`, {
      option: "args",
      cause,
    });
  }
}
