import { type ErrorFields, messageOf, problemOf, type Subject } from "./message.ts";

/** The kinds of {@link CapsuleError}. */
export type CapsuleErrorCode =
  /** An argument of the API or of the command line is invalid. */
  | "invalid_argument"
  /** A file does not exist or cannot be read. */
  | "file_not_found"
  /** The program has an error: syntax, an import, a task option, a missing `main`, or top-level code that throws. */
  | "invalid_program"
  /** A component is damaged, was not built by Capsule, or was built by another version. */
  | "invalid_module"
  /** `capsule.toml` cannot be read, or has an unknown key or an invalid value. */
  | "invalid_config"
  /** A folder cannot be granted or mounted. */
  | "mount_denied"
  /** The program has no task of that name. */
  | "task_not_found"
  /** The native library, an engine or the cache cannot be used. */
  | "installation"
  /** A bug in Capsule. */
  | "internal";

/**
 * An error on the host's side: the task did not run. Errors inside a task are returned in its envelope instead.
 *
 * The fields say what the error is about, for programs. The message says the same, for people.
 */
export class CapsuleError extends Error implements ErrorFields {
  override readonly name = "CapsuleError";
  readonly code: CapsuleErrorCode;
  /** What is wrong: the message without the place, the task and the option. */
  readonly problem: string;
  /** The option that is wrong, with its path: `limits.ram`, `grants.allowedFiles[0].mode`. */
  declare readonly option?: string;
  /** The value that was given, as messages show it: JSON, cut where it is long. Never the value of a secret. */
  declare readonly value?: string;
  /** What the option takes: `a size, such as "64MB"`. */
  declare readonly expected?: string;
  /** The task that has the option. */
  declare readonly task?: string;
  /** The file that is wrong, or that cannot be used. */
  declare readonly file?: string;
  /** The line in the file, from 1. */
  declare readonly line?: number;
  /** The column in the line: characters, from 1. */
  declare readonly column?: number;
  /** How to fix it. */
  readonly hint: string | undefined;

  /** @param problem Undefined if the value is not what is expected. */
  constructor(
    code: CapsuleErrorCode,
    problem: string | undefined,
    { cause, hint, ...subject }: Subject & { hint?: string | undefined; cause?: unknown } = {},
  ) {
    const told = problemOf(problem, subject);
    super(messageOf(told, subject), cause === undefined ? {} : { cause });
    this.code = code;
    this.problem = told;
    for (const name of FIELDS) {
      // A printed error shows only the fields that are known.
      if (subject[name] !== undefined) Object.assign(this, { [name]: subject[name] });
    }
    this.hint = hint;
  }
}

const FIELDS = ["option", "value", "expected", "task", "file", "line", "column"] as const;

/** The fields of an error that are known. */
export function fieldsOf(error: CapsuleError): ErrorFields {
  return Object.fromEntries(
    FIELDS.filter((name) => error[name] !== undefined).map((name) => [name, error[name]]),
  );
}
