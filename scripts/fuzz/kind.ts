import type { Random } from "./random.ts";

/** A kind of input for `deno task fuzz`: one file of this folder each. */
export interface Kind {
  /** The number of cases in a process. The next seed starts another process. */
  cases: number;
  /** The time limit of a case. */
  caseMs: number;
  /** Prepares what the cases of a process share. */
  prepare(): Promise<Fuzzer> | Fuzzer;
}

/** Tries cases of one kind. */
export interface Fuzzer {
  /**
   * Tries one case. Returns the outcome in a few words, which are counted.
   *
   * @throws If the outcome is not allowed.
   */
  try(random: Random): Promise<string> | string;
  [Symbol.dispose](): void;
}
