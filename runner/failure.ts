import type { Envelope, EnvelopeError } from "../sdk/envelope.ts";
import { noExecution } from "../sdk/envelope.ts";

/** What a call says that has been cancelled. */
export const CANCELLED: EnvelopeError = { error_type: "cancelled", message: "cancelled" };

/** The envelope, as JSON text, of a task that no sandbox ran. */
export function failedEnvelope(task: string, error: EnvelopeError): string {
  const execution = noExecution(task);
  const envelope: Envelope = { success: false, result: null, error, execution };
  return JSON.stringify(envelope);
}
