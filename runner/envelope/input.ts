import { CapsuleError } from "../../errors/error.ts";
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
  try {
    return encode(kwargs === undefined ? { args } : { args, kwargs });
  } catch (cause) {
    throw new CapsuleError("invalid_argument", `the arguments have no JSON: ${cause}`, { cause });
  }
}
