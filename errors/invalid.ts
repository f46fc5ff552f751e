/** Why a value is no value of its option. The message goes on where the value ends. */
export class Invalid extends Error {
  /** What to do about it, where that helps. */
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}
