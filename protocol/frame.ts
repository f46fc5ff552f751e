import { CapsuleError } from "../errors/error.ts";

/** A frame, which `protocol/README.md` describes. */
export interface Frame {
  /** Of the request that it belongs to. */
  id: number;
  header: Header;
  payload: Uint8Array;
}

/** What a frame says. Its type tells which other members there are. */
export interface Header {
  type: string;
  [member: string]: unknown;
}

/** The sizes that a frame begins with, and its id. */
export const PREFIX_BYTES = 12;
/** A header names tasks, hosts or folders of a program, and these may be many. */
export const HEADER_BYTES_AT_MOST = 16 << 20;
/** More than arguments, a result or a program may have by default. */
export const PAYLOAD_BYTES_AT_MOST = 256 << 20;
/** The largest id. */
export const ID_AT_MOST = 0xffff_ffff;

/**
 * A frame as bytes.
 *
 * @param payload Its parts, one after the other.
 * @throws {CapsuleError} `invalid_argument`, when header or payload are larger than a frame may hold.
 */
export function encodeFrame(
  id: number,
  header: object,
  ...payload: Uint8Array[]
): Uint8Array<ArrayBuffer> {
  const text = encoder.encode(JSON.stringify(header));
  check("header", text.length, HEADER_BYTES_AT_MOST);
  const payloadBytes = payload.reduce((sum, part) => sum + part.length, 0);
  check("payload", payloadBytes, PAYLOAD_BYTES_AT_MOST);
  const frame = new Uint8Array(PREFIX_BYTES + text.length + payloadBytes);
  const view = new DataView(frame.buffer);
  view.setUint32(0, id, true);
  view.setUint32(4, text.length, true);
  view.setUint32(8, payloadBytes, true);
  let at = PREFIX_BYTES;
  for (const part of [text, ...payload]) {
    frame.set(part, at);
    at += part.length;
  }
  return frame;
}

function check(part: string, size: number, atMost: number): void {
  if (size <= atMost) return;
  throw new CapsuleError(
    "invalid_argument",
    `it is too large for a worker process: the ${part} of a frame would have ${size} bytes, ` +
      `where ${atMost} are allowed`,
  );
}

const encoder = new TextEncoder();
