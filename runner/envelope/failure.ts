import { NO_BYTES } from "../../sdk/bytes.ts";
import type { Envelope, EnvelopeError } from "../../sdk/envelope.ts";
import { noExecution } from "../../sdk/envelope.ts";
import type { Payload } from "../../sdk/payload.ts";

/** What a call says that has been cancelled. */
export const CANCELLED: EnvelopeError = { error_type: "cancelled", message: "cancelled" };

/** The envelope of a task that no sandbox ran. */
export function failedEnvelope(task: string, error: EnvelopeError): Payload {
  const execution = noExecution(task);
  const envelope: Envelope = { success: false, result: null, error, execution };
  return { json: JSON.stringify(envelope), bytes: NO_BYTES };
}
