/** Thrown for an invalid option value. The message continues a sentence that begins with the value. */
export class Invalid extends Error {
  /** How to fix it. */
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}
