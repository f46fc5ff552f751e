/** `node:fs`: that of jco, with streams. */
import fs from "@bytecodealliance/jco-std/wasi/0.2.x/node/24.x.x/fs";
import stream from "node:stream";
import promises from "./fs_promises.ts";

type PathLike = string | Uint8Array | URL;

interface StreamOptions {
  autoClose?: boolean;
  encoding?: string;
  end?: number;
  fd?: number | null;
  flags?: string;
  flush?: boolean;
  highWaterMark?: number;
  mode?: number;
  signal?: AbortSignal;
  start?: number;
}

const CHUNK_BYTES = 64 << 10;

/** A readable stream of a file. */
class ReadStream extends stream.Readable {
  readonly path: PathLike;
  fd: number | null;
  bytesRead = 0;
  #position: number | undefined;
  readonly #end: number;
  readonly #flags: string;

  constructor(path: PathLike, options: StreamOptions | string = {}) {
    const { encoding, end = Infinity, fd = null, flags = "r", highWaterMark, signal, start } =
      typeof options === "string" ? { encoding: options } as StreamOptions : options;
    super({ highWaterMark: highWaterMark ?? CHUNK_BYTES, ...(signal && { signal }) });
    this.path = path;
    this.fd = fd;
    this.#position = start;
    this.#end = end;
    this.#flags = flags;
    if (encoding) this.setEncoding(encoding as "utf8");
  }

  override _construct(done: (error?: Error | null) => void): void {
    open(this, this.#flags, done);
  }

  override _read(size: number): void {
    const position = this.#position ?? this.bytesRead;
    const left = this.#end === Infinity ? size : Math.min(size, this.#end - position + 1);
    if (left <= 0) return void this.push(null);
    try {
      const buffer = Buffer.allocUnsafe(left);
      const at = this.#position === undefined ? null : position;
      const count = fs.readSync(this.fd!, buffer, 0, left, at);
      this.bytesRead += count;
      if (this.#position !== undefined) this.#position += count;
      this.push(count === 0 ? null : buffer.subarray(0, count));
    } catch (error) {
      this.destroy(error as Error);
    }
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    close(this, error, done);
  }

  close(done?: (error?: Error | null) => void): void {
    stream.finished(this, () => done?.());
    this.destroy();
  }
}

/** A writable stream of a file. */
class WriteStream extends stream.Writable {
  readonly path: PathLike;
  fd: number | null;
  bytesWritten = 0;
  #position: number | undefined;
  readonly #flags: string;

  constructor(path: PathLike, options: StreamOptions | string = {}) {
    const { encoding, fd = null, flags, highWaterMark, signal, start } = typeof options === "string"
      ? { encoding: options } as StreamOptions
      : options;
    super({
      decodeStrings: true,
      ...(encoding && { defaultEncoding: encoding as "utf8" }),
      ...(highWaterMark !== undefined && { highWaterMark }),
      ...(signal && { signal }),
    });
    this.path = path;
    this.fd = fd;
    this.#position = start;
    this.#flags = flags ?? (start === undefined ? "w" : "r+");
  }

  override _construct(done: (error?: Error | null) => void): void {
    open(this, this.#flags, done);
  }

  override _write(chunk: Uint8Array, _: string, done: (error?: Error | null) => void): void {
    try {
      const at = this.#position ?? null;
      const count = fs.writeSync(this.fd!, chunk, 0, chunk.length, at);
      this.bytesWritten += count;
      if (this.#position !== undefined) this.#position += count;
      done();
    } catch (error) {
      done(error as Error);
    }
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    close(this, error, done);
  }

  close(done?: (error?: Error | null) => void): void {
    if (done) stream.finished(this, () => done());
    this.end();
  }
}

function open(
  file: ReadStream | WriteStream,
  flags: string,
  done: (error?: Error | null) => void,
): void {
  try {
    file.fd ??= fs.openSync(file.path, flags);
    const events: stream.Stream = file;
    events.emit("open", file.fd);
    events.emit("ready");
    done();
  } catch (error) {
    done(error as Error);
  }
}

function close(
  file: ReadStream | WriteStream,
  error: Error | null,
  done: (error?: Error | null) => void,
): void {
  const { fd } = file;
  file.fd = null;
  try {
    if (fd !== null) fs.closeSync(fd);
    done(error);
  } catch (failed) {
    done(error ?? failed as Error);
  }
}

function exists(path: PathLike, done: (exists: boolean) => void): void {
  queueMicrotask(() => done(fs.existsSync(path)));
}

const all = {
  ...fs,
  ...fs.constants,
  constants: fs.constants,
  createReadStream: (path: PathLike, options?: StreamOptions) => new ReadStream(path, options),
  createWriteStream: (path: PathLike, options?: StreamOptions) => new WriteStream(path, options),
  exists,
  FileReadStream: ReadStream,
  FileWriteStream: WriteStream,
  promises,
  ReadStream,
  WriteStream,
};

export const { createReadStream, createWriteStream } = all;
export default all;
