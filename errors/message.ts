/** The text of an error, composed of its fields: where it is, and what is wrong there. */
import { clippedPath } from "./clipped.ts";

/** What an error is about, as far as it is known. */
export interface ErrorFields {
  /** The option that is wrong, with its path: `limits.ram`, `grants.allowedFiles[0].mode`. */
  option?: string | undefined;
  /** The value that was given, as messages show it: JSON, cut where it is long. Never the value of a secret. */
  value?: string | undefined;
  /** What the option takes: `a size, such as "64MB"`. */
  expected?: string | undefined;
  /** The task that has the option. */
  task?: string | undefined;
  /** The file that is wrong, or that cannot be used. */
  file?: string | undefined;
  /** From 1. */
  line?: number | undefined;
  /** In characters, from 1. */
  column?: number | undefined;
}

/** {@link ErrorFields}, and what is only said in a message. */
export interface Subject extends ErrorFields {
  /** What cannot be done with the file, or with the value if there is no file: `read`. */
  cannot?: string | undefined;
}

/** What is wrong. Without a problem, the value is not what is expected. */
export function problemOf(problem: string | undefined, { value, expected }: ErrorFields): string {
  if (problem === undefined) {
    return `must be ${expected}${value === undefined ? "" : ` (got ${value})`}`;
  }
  return expected === undefined ? problem : `${problem}; expected ${expected}`;
}

/** The whole message. */
export function messageOf(
  problem: string,
  { cannot, file, line, column, task, option, value }: Subject,
): string {
  const name = file && clippedPath(file);
  const parts = cannot === undefined
    ? [
      name && [name, line, column].filter((part) => part !== undefined).join(":"),
      task !== undefined && `task ${JSON.stringify(task)}`,
      option,
    ]
    : [`Cannot ${cannot} ${name === undefined ? value : `"${name}"`}`];
  return [...parts.filter(Boolean), problem].join(": ");
}
