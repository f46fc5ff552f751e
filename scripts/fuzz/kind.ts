import type { Random } from "./random.ts";

/** What `deno task fuzz` damages: one file of this folder each. */
export interface Kind {
  /** How many cases a process tries: it may crash, and the next seed starts another one. */
  cases: number;
  /** A case that takes longer is a failure. */
  caseMs: number;
  /** Makes what the cases of a process share. */
  prepare(): Promise<Fuzzer> | Fuzzer;
}

/** Tries cases of one kind. */
export interface Fuzzer {
  /**
   * Tries one case. Returns what came of it, in a few words: they are counted.
   *
   * @throws If something happened that must not.
   */
  try(random: Random): Promise<string> | string;
  [Symbol.dispose](): void;
}
