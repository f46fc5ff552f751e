/** What a worker tells of errors. */
import { CapsuleError } from "../errors/error.ts";
import type { FailedMessage } from "../protocol/messages.ts";

/** A message that is longer tells nobody more. */
const CHARACTERS_AT_MOST = 1 << 20;

/** An error as the answer to a request, which its signal may have cancelled. */
export function failedOf(error: unknown, signal?: AbortSignal): FailedMessage {
  if (signal?.aborted && error === signal.reason) {
    return { type: "failed", code: "cancelled", message: "cancelled" };
  }
  if (error instanceof CapsuleError) {
    const { code, message, hint } = error;
    return { type: "failed", code, message: shorten(message), hint: hint && shorten(hint) };
  }
  return { type: "failed", code: "internal", message: shorten(String(error)) };
}

function shorten(text: string): string {
  return text.slice(0, CHARACTERS_AT_MOST);
}
