import { invalidArgument } from "../../errors/invalid.ts";
import type { ProgramSettings } from "./options.ts";

/**
 * What isolates a program from this process.
 *
 * @throws {CapsuleError} `invalid_argument` for an unknown value.
 */
export function isolationOf(
  { isolation = "sandbox" }: ProgramSettings,
): NonNullable<ProgramSettings["isolation"]> {
  if (isolation === "sandbox" || isolation === "process") return isolation;
  throw invalidArgument("isolation", {
    expected: '"sandbox" or "process"',
    value: isolation,
  });
}
