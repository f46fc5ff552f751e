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

/** An error on the host's side: the task did not run. Errors inside a task are returned in its envelope instead. */
export class CapsuleError extends Error {
  override readonly name = "CapsuleError";
  readonly code: CapsuleErrorCode;
  /** How to fix it. */
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
