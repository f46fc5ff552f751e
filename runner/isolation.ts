import { CapsuleError } from "../errors/error.ts";
import type { ProgramSettings } from "./options.ts";
import { shown } from "../errors/shown.ts";

/**
 * What is to stand between a program and this process.
 *
 * @throws {CapsuleError} `invalid_argument` for a value that there is not.
 */
export function isolationOf(
  { isolation = "sandbox" }: ProgramSettings,
): NonNullable<ProgramSettings["isolation"]> {
  if (isolation === "sandbox" || isolation === "process") return isolation;
  throw new CapsuleError(
    "invalid_argument",
    `isolation: ${shown(isolation)} is neither "sandbox" nor "process"`,
  );
}
