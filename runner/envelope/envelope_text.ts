import { mayHaveBytesKey } from "../../sdk/bytes.ts";
import type { Payload } from "../../sdk/payload.ts";

/** An envelope as JSON text, with bytes as `{ "$bytes": base64 }`. Most have none, and are such a text. */
export async function textOf(envelope: Payload): Promise<string> {
  const { json, bytes } = envelope;
  if (bytes.length === 0 && !mayHaveBytesKey(json)) return json;
  const { jsonOf } = await import("./bytes_json.ts");
  return jsonOf(envelope);
}
