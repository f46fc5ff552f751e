import type { Payload } from "../../sdk/payload.ts";
import type { CallDetails } from "../options/options.ts";

/** A program that is loaded, wherever that is. */
export interface ProgramHandle {
  /** The names of its tasks. */
  readonly tasks: string[];
  /** Runs a task. Returns its envelope. */
  call(task: string, args: unknown[], options: CallDetails): Promise<Payload>;
  /** Forgets the program, once. Calls that are under way go on. */
  close(): void;
}
