import { CapsuleError } from "../../errors/error.ts";
import type { ProgramSettings } from "./options.ts";
import { shown } from "../../errors/shown.ts";

/**
 * What isolates a program from this process.
 *
 * @throws {CapsuleError} `invalid_argument` for an unknown value.
 */
export function isolationOf(
  { isolation = "sandbox" }: ProgramSettings,
): NonNullable<ProgramSettings["isolation"]> {
  if (isolation === "sandbox" || isolation === "process") return isolation;
  throw new CapsuleError("invalid_argument", undefined, {
    option: "isolation",
    value: shown(isolation),
    expected: '"sandbox" or "process"',
  });
}
