/** Settings of the whole process. */
import { parseRam } from "./policy/budget.ts";
import { parseGroup } from "./policy/group.ts";
import { limitProcessRam } from "./process_ram.ts";

/** What all runs of this process share. */
export interface Configuration {
  /**
   * Memory that all runs of this process, and programs that are open, may use together: `"8GB"`, `"512MB"`, or a number
   * of bytes. The default is half of what the machine has, or the control group that the process is in. The worker of
   * this process has a limit of its own, which is the same.
   */
  ram?: string | number;
}

/**
 * Configures this process, from now on. Tasks that are alive keep the memory that they have.
 *
 * ```ts
 * import { configure } from "@capsule/sdk/runner";
 *
 * configure({ ram: "8GB" });
 * ```
 *
 * @throws {CapsuleError} `invalid_argument`, naming key and value.
 */
export function configure(configuration: Configuration): void {
  const { ram } = parseGroup("configure", configuration, { ram: parseRam });
  if (ram !== undefined) limitProcessRam(ram);
}
