/** Streams of the web, from the library that passes the standard's own tests. */
import * as streams from "web-streams-polyfill";
import { Deflate, Inflate } from "pako";
import { define } from "../define.ts";

const { TransformStream } = streams;

/** Text to UTF-8, part by part. */
class TextEncoderStream {
  readonly encoding = "utf-8";
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<string>;

  constructor() {
    const encoder = new TextEncoder();
    // Half of a character waits for its other half.
    let half = "";
    const transform = new TransformStream<string, Uint8Array>({
      transform(chunk, controller) {
        const text = half + String(chunk);
        half = /[\ud800-\udbff]$/.test(text) ? text.slice(-1) : "";
        const whole = half === "" ? text : text.slice(0, -1);
        if (whole !== "") controller.enqueue(encoder.encode(whole));
      },
      flush(controller) {
        if (half !== "") controller.enqueue(encoder.encode(half));
      },
    });
    this.readable = transform.readable as ReadableStream<Uint8Array>;
    this.writable = transform.writable as WritableStream<string>;
  }
}

/** Bytes to text, part by part. */
class TextDecoderStream {
  readonly encoding: string;
  readonly fatal: boolean;
  readonly ignoreBOM: boolean;
  readonly readable: ReadableStream<string>;
  readonly writable: WritableStream<BufferSource>;

  constructor(label?: string, options?: TextDecoderOptions) {
    const decoder = new TextDecoder(label, options);
    this.encoding = decoder.encoding;
    this.fatal = decoder.fatal;
    this.ignoreBOM = decoder.ignoreBOM;
    const emit = (text: string, controller: { enqueue(text: string): void }) => {
      if (text !== "") controller.enqueue(text);
    };
    const transform = new TransformStream<BufferSource, string>({
      transform: (chunk, controller) => emit(decoder.decode(chunk, { stream: true }), controller),
      flush: (controller) => emit(decoder.decode(), controller),
    });
    this.readable = transform.readable as ReadableStream<string>;
    this.writable = transform.writable as WritableStream<BufferSource>;
  }
}

type Format = "gzip" | "deflate" | "deflate-raw";

/** A stream of pako's between two streams of the web. */
function through(codec: Deflate | Inflate): InstanceType<typeof TransformStream> {
  let parts: Uint8Array[] = [];
  codec.onData = (part) => void parts.push(part as Uint8Array);
  let ended = false;
  codec.onEnd = () => {
    ended = true;
  };
  const push = (data: Uint8Array, last: boolean, controller: { enqueue(part: unknown): void }) => {
    if (ended && data.length > 0) throw new TypeError("there is data behind the end");
    if (!ended) codec.push(data, last);
    if (codec.err) throw new TypeError(codec.msg || "the data is malformed");
    for (const part of parts) controller.enqueue(part);
    parts = [];
  };
  return new TransformStream<BufferSource, Uint8Array>({
    transform: (chunk, controller) => push(bytesOf(chunk), false, controller),
    flush(controller) {
      push(new Uint8Array(0), true, controller);
      if (!ended) throw new TypeError("the data ends too early");
    },
  });
}

function bytesOf(chunk: BufferSource): Uint8Array {
  return ArrayBuffer.isView(chunk)
    ? new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    : new Uint8Array(chunk);
}

function check(format: string): Format {
  if (format === "gzip" || format === "deflate" || format === "deflate-raw") return format;
  throw new TypeError(`Unsupported compression format: '${format}'`);
}

class CompressionStream {
  readonly readable: unknown;
  readonly writable: unknown;

  constructor(format: string) {
    const known = check(format);
    const codec = new Deflate({ gzip: known === "gzip", raw: known === "deflate-raw" });
    ({ readable: this.readable, writable: this.writable } = through(codec));
  }
}

class DecompressionStream {
  readonly readable: unknown;
  readonly writable: unknown;

  constructor(format: string) {
    const known = check(format);
    const windowBits = known === "gzip" ? 15 + 16 : 15;
    const codec = new Inflate({ raw: known === "deflate-raw", windowBits });
    ({ readable: this.readable, writable: this.writable } = through(codec));
  }
}

define({
  ...streams,
  CompressionStream,
  DecompressionStream,
  TextDecoderStream,
  TextEncoderStream,
});
