import {
  type Frame,
  type Header,
  HEADER_BYTES_AT_MOST,
  PAYLOAD_BYTES_AT_MOST,
  PREFIX_BYTES,
} from "./frame.ts";

/** A frame with an error. Frames after it can still be decoded. */
export interface WrongFrame {
  id: number;
  problem: string;
}

/** Splits a stream of bytes into frames. Frames that are too large are skipped without buffering. */
export class FrameDecoder {
  readonly #prefix = new Uint8Array(PREFIX_BYTES);
  readonly #view = new DataView(this.#prefix.buffer);
  #prefixBytes = 0;
  /** Header and payload of the current frame. */
  #body: Uint8Array | undefined;
  #bodyBytes = 0;
  /** Remaining bytes to skip of a frame that is too large. */
  #dropBytes = 0;

  /** Yields the frames that are complete with these bytes. The caller can reuse the bytes afterwards. */
  *push(bytes: Uint8Array): Generator<Frame | WrongFrame> {
    let rest = bytes;
    while (rest.length > 0) {
      if (this.#dropBytes > 0) {
        const dropped = Math.min(this.#dropBytes, rest.length);
        this.#dropBytes -= dropped;
        rest = rest.subarray(dropped);
        continue;
      }
      if (this.#body === undefined) {
        const part = rest.subarray(0, PREFIX_BYTES - this.#prefixBytes);
        this.#prefix.set(part, this.#prefixBytes);
        this.#prefixBytes += part.length;
        rest = rest.subarray(part.length);
        if (this.#prefixBytes < PREFIX_BYTES) return;
        const problem = this.#begin();
        if (problem !== undefined) yield { id: this.#id, problem };
      } else {
        const part = rest.subarray(0, this.#body.length - this.#bodyBytes);
        this.#body.set(part, this.#bodyBytes);
        this.#bodyBytes += part.length;
        rest = rest.subarray(part.length);
      }
      if (this.#body !== undefined && this.#bodyBytes === this.#body.length) {
        yield this.#end(this.#body);
      }
    }
  }

  /** Starts a frame, after its prefix. Returns the problem if it is too large. */
  #begin(): string | undefined {
    const [header, payload] = [this.#headerBytes, this.#payloadBytes];
    this.#prefixBytes = 0;
    if (header <= HEADER_BYTES_AT_MOST && payload <= PAYLOAD_BYTES_AT_MOST) {
      this.#body = new Uint8Array(header + payload);
      this.#bodyBytes = 0;
      return undefined;
    }
    this.#dropBytes = header + payload;
    return `the frame is too large: a header of ${header} bytes (at most ${HEADER_BYTES_AT_MOST}), ` +
      `a payload of ${payload} bytes (at most ${PAYLOAD_BYTES_AT_MOST})`;
  }

  #end(body: Uint8Array): Frame | WrongFrame {
    this.#body = undefined;
    const id = this.#id;
    const header = parseHeader(body.subarray(0, this.#headerBytes));
    if (header === undefined) {
      return { id, problem: "the header of the frame must be a JSON object with a type" };
    }
    return { id, header, payload: body.subarray(this.#headerBytes) };
  }

  get #id(): number {
    return this.#view.getUint32(0, true);
  }

  get #headerBytes(): number {
    return this.#view.getUint32(4, true);
  }

  get #payloadBytes(): number {
    return this.#view.getUint32(8, true);
  }
}

function parseHeader(bytes: Uint8Array): Header | undefined {
  try {
    const header = JSON.parse(decoder.decode(bytes));
    if (typeof header === "object" && typeof header?.type === "string") return header;
  } catch {
    // Neither UTF-8 nor JSON.
  }
}

const decoder = new TextDecoder("utf-8", { fatal: true });
