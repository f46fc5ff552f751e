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
  if (!Array.isArray(args)) {
    throw new CapsuleError("invalid_argument", `args is no array: ${typeof args}`);
  }
  if (kwargs !== undefined && !isRecord(kwargs)) {
    throw new CapsuleError("invalid_argument", `kwargs: ${shown(kwargs)} is no plain object`);
  }
  try {
    return encode(kwargs === undefined ? { args } : { args, kwargs });
  } catch (cause) {
    throw new CapsuleError("invalid_argument", `the arguments have no JSON: ${cause}`, { cause });
  }
}
