/** A code that tells mistakes of the host's side apart. */
export type CapsuleErrorCode =
  /** An argument of the API or of the command line is wrong. */
  | "invalid_argument"
  /** A file does not exist or cannot be read. */
  | "file_not_found"
  /** The program is wrong: its syntax, an import, an option of a task, no `main`, top-level code that fails. */
  | "invalid_program"
  /** A component is damaged, is none of Capsule's, or needs another engine. */
  | "invalid_module"
  /** `capsule.toml` cannot be read, or holds an unknown key or a bad value. */
  | "invalid_config"
  /** A folder may not be mounted. */
  | "mount_denied"
  /** The program has no task of that name. */
  | "task_not_found"
  /** The native library, an engine or the cache cannot be used. */
  | "installation"
  /** A fault of Capsule's. */
  | "internal";

/** A mistake on the host's side: nothing ran, or it could not run. What goes wrong in a task is an envelope. */
export class CapsuleError extends Error {
  override readonly name = "CapsuleError";
  readonly code: CapsuleErrorCode;
  /** What one can do about it. */
  readonly hint: string | undefined;

  constructor(
    code: CapsuleErrorCode,
    message: string,
    options: { hint?: string | undefined; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
  }
}
