/** Errors as responses of a worker. */
import { CapsuleError, fieldsOf } from "../errors/error.ts";
import type { FailedMessage } from "../protocol/messages.ts";

/** Longer messages and hints are cut. */
const CHARACTERS_AT_MOST = 1 << 20;

/** The response to a request that failed, or that its signal cancelled. */
export function failedOf(error: unknown, signal?: AbortSignal): FailedMessage {
  if (signal?.aborted && error === signal.reason) {
    return { type: "failed", code: "cancelled", message: "cancelled" };
  }
  if (error instanceof CapsuleError) {
    const { code, message, problem, hint } = error;
    return {
      type: "failed",
      code,
      message: shorten(message),
      problem: shorten(problem),
      fields: fieldsOf(error),
      hint: hint && shorten(hint),
    };
  }
  return { type: "failed", code: "internal", message: shorten(String(error)) };
}

function shorten(text: string): string {
  return text.slice(0, CHARACTERS_AT_MOST);
}
