/** The response to a request, as a stream of its body. */
import stream from "node:stream";
import { discard, type Head, readPart } from "../../network.ts";

/** Headers whose repetitions are dropped. `set-cookie` keeps all; others are joined. */
const SINGLE = new Set([
  "age",
  "authorization",
  "content-length",
  "content-type",
  "etag",
  "expires",
  "from",
  "host",
  "if-modified-since",
  "if-unmodified-since",
  "last-modified",
  "location",
  "max-forwards",
  "proxy-authorization",
  "referer",
  "retry-after",
  "server",
  "user-agent",
]);

export class IncomingMessage extends stream.Readable {
  readonly httpVersion = "1.1";
  readonly httpVersionMajor = 1;
  readonly httpVersionMinor = 1;
  readonly statusCode: number;
  readonly statusMessage: string;
  readonly headers: Record<string, string | string[]> = {};
  readonly headersDistinct: Record<string, string[]> = {};
  readonly rawHeaders: string[];
  readonly trailers = {};
  readonly trailersDistinct = {};
  readonly rawTrailers: string[] = [];
  readonly socket: stream.Duplex;
  readonly url = "";
  readonly method = null;
  complete = false;
  aborted = false;
  /** The request, set when it emits this response. */
  req: unknown;
  readonly #body: number;

  constructor(head: Head, socket: stream.Duplex) {
    super();
    this.statusCode = head.status;
    this.statusMessage = head.reason;
    this.rawHeaders = head.headers.flat();
    this.socket = socket;
    this.#body = head.body;
    for (const [name, value] of head.headers) {
      (this.headersDistinct[name] ??= []).push(value);
      const before = this.headers[name];
      if (name === "set-cookie") this.headers[name] = this.headersDistinct[name];
      else if (before === undefined) this.headers[name] = value;
      else if (!SINGLE.has(name)) {
        this.headers[name] = `${before}${name === "cookie" ? "; " : ", "}${value}`;
      }
    }
  }

  get connection(): stream.Duplex {
    return this.socket;
  }

  setTimeout(_milliseconds: number, callback?: () => void): this {
    if (callback) this.once("timeout", callback);
    return this;
  }

  override _read(): void {
    readPart(this.#body).then((part) => {
      if (part === undefined) {
        this.complete = true;
        this.push(null);
      } else {
        this.push(Buffer.from(part.buffer, part.byteOffset, part.byteLength));
      }
    }, (error) => this.destroy(error));
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (!this.complete) {
      this.aborted = true;
      discard(this.#body);
      if (error === null && !this.readableEnded) {
        error = Object.assign(new Error("aborted"), { code: "ECONNRESET" });
        if (this.listenerCount("error") === 0) error = null;
      }
      this.emit("aborted");
    }
    done(error);
  }
}
