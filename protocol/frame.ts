import { CapsuleError } from "../errors/error.ts";

/** A frame of the worker protocol: see `protocol/README.md`. */
export interface Frame {
  /** The ID of its request. */
  id: number;
  header: Header;
  payload: Uint8Array;
}

/** The header of a frame. Its type determines the other members. */
export interface Header {
  type: string;
  [member: string]: unknown;
}

/** The ID and the sizes of header and payload. */
export const PREFIX_BYTES = 12;
/** Large enough for all tasks, hosts and folders of a program. */
export const HEADER_BYTES_AT_MOST = 16 << 20;
/** Larger than the default limits of arguments, results and programs. */
export const PAYLOAD_BYTES_AT_MOST = 256 << 20;
/** The largest id. */
export const ID_AT_MOST = 0xffff_ffff;

/**
 * Encodes a frame.
 *
 * @param payload The parts of the payload, which are concatenated.
 * @throws {CapsuleError} `invalid_argument`, if header or payload is too large.
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
    `too large for a worker process: the ${part} of the frame has ${size} bytes, ` +
      `at most ${atMost} are allowed`,
  );
}

const encoder = new TextEncoder();
