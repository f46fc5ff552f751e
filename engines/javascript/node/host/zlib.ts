/** The compression for jco's `node:zlib`: that of pako, inside the sandbox. */
import { Deflate, Inflate } from "pako";

type Algorithm = "deflate" | "inflate" | "gzip" | "gunzip" | "deflateraw" | "inflateraw" | "unzip";

interface Options {
  chunkSize?: number;
  dictionary?: Uint8Array;
  level?: number;
  maxOutputLength?: number;
  memLevel?: number;
  strategy?: number;
  windowBits?: number;
}

interface Output {
  data: Uint8Array;
  bytesWritten: number;
}

const Z_FINISH = 4;
const DEFAULT_WINDOW_BITS = 15;

function failure(message: string, code: string): object {
  return { name: "Error", message, code, errno: undefined, syscall: undefined };
}

const CODES: Record<number, string> = {
  [-1]: "Z_ERRNO",
  [-2]: "Z_STREAM_ERROR",
  [-3]: "Z_DATA_ERROR",
  [-4]: "Z_MEM_ERROR",
  [-5]: "Z_BUF_ERROR",
  2: "Z_NEED_DICT",
};

/** A stream that is compressed or decompressed. */
export class Engine {
  readonly #algorithm: Algorithm;
  readonly #options: Options;
  #stream!: Deflate | Inflate;
  #parts: Uint8Array[] = [];
  #read = 0;
  #ended = false;

  constructor(algorithm: Algorithm, options: Options) {
    this.#algorithm = algorithm;
    this.#options = options;
    this.reset();
  }

  write(data: Uint8Array): Output {
    return this.#push(data, 0);
  }

  finish(): Output {
    const output = this.#push(new Uint8Array(0), Z_FINISH);
    if (!this.#isDeflate && !this.#ended) {
      throw failure("unexpected end of file", "Z_BUF_ERROR");
    }
    return output;
  }

  flush(kind: number): Output {
    return this.#push(new Uint8Array(0), kind);
  }

  params(): Output {
    return this.#push(new Uint8Array(0), 2);
  }

  reset(): void {
    const { dictionary, level, memLevel, strategy, windowBits = DEFAULT_WINDOW_BITS } =
      this.#options;
    const raw = this.#algorithm.endsWith("raw");
    const common = {
      raw,
      windowBits,
      ...(dictionary && { dictionary: dictionary as Uint8Array<ArrayBuffer> }),
    };
    this.#stream = this.#isDeflate
      ? new Deflate({
        ...common,
        ...(level !== undefined && { level: level as 6 }),
        ...(memLevel !== undefined && { memLevel }),
        ...(strategy !== undefined && { strategy: strategy as 0 }),
        gzip: this.#algorithm === "gzip",
      })
      // pako detects gzip or zlib by the first bytes.
      : new Inflate({ ...common, windowBits: raw ? windowBits : windowBits + 32 });
    this.#stream.onData = (part: Uint8Array | string) => {
      this.#parts.push(part as Uint8Array);
    };
    this.#stream.onEnd = () => {
      this.#ended = true;
    };
    this.#read = 0;
    this.#ended = false;
  }

  close(): void {
    this.#parts = [];
  }

  [Symbol.dispose](): void {
    this.close();
  }

  get #isDeflate(): boolean {
    return this.#algorithm === "gzip" || this.#algorithm.startsWith("deflate");
  }

  #push(data: Uint8Array, flush: number): Output {
    this.#read += data.length;
    if (!this.#ended) this.#stream.push(data, flush as 0);
    const { err, msg } = this.#stream;
    if (err) throw failure(msg || CODES[err] || "zlib error", CODES[err] ?? "Z_DATA_ERROR");
    const length = this.#parts.reduce((sum, part) => sum + part.length, 0);
    const output = new Uint8Array(length);
    let offset = 0;
    for (const part of this.#parts) {
      output.set(part, offset);
      offset += part.length;
    }
    this.#parts = [];
    return { data: output, bytesWritten: this.#read };
  }
}

function supported(algorithm: string): Algorithm {
  if (/^(?:brotli|zstd)/.test(algorithm)) {
    throw failure(`${algorithm} is not available in a sandbox: use gzip`, "ERR_NOT_AVAILABLE");
  }
  return algorithm as Algorithm;
}

/** Starts a stream. */
export function open(algorithm: string, options: Options): Engine {
  return new Engine(supported(algorithm), options);
}

/** Compresses or decompresses all data at once. */
export function compress(algorithm: string, data: Uint8Array, options: Options): Output {
  const engine = open(algorithm, options);
  const first = engine.write(data).data;
  const { data: last, bytesWritten } = engine.finish();
  const output = new Uint8Array(first.length + last.length);
  output.set(first);
  output.set(last, first.length);
  if (output.length > (options.maxOutputLength ?? Infinity)) {
    throw {
      ...failure(
        `Cannot create a Buffer larger than ${options.maxOutputLength} bytes`,
        "ERR_BUFFER_TOO_LARGE",
      ),
      name: "RangeError",
    };
  }
  return { data: output, bytesWritten };
}

let table: Uint32Array | undefined;

/** The checksum of gzip, continued from an earlier one. */
export function crc32(data: Uint8Array, value: number): number {
  table ??= Uint32Array.from({ length: 256 }, (_, byte) => {
    for (let bit = 0; bit < 8; bit++) byte = byte & 1 ? (byte >>> 1) ^ 0xedb88320 : byte >>> 1;
    return byte >>> 0;
  });
  let crc = ~value >>> 0;
  for (const byte of data) crc = (crc >>> 8) ^ table[(crc ^ byte) & 0xff]!;
  return ~crc >>> 0;
}
