/** A client request. Its body is sent when it is complete. */
import stream from "node:stream";
import { type Pending, send } from "../../network.ts";
import type { Agent } from "./agent.ts";
import { IncomingMessage } from "./response.ts";
import url from "node:url";

type HeaderValue = string | number | readonly string[];
type Callback = (response: IncomingMessage) => void;

/** The options of a request. Options of sockets have no effect here. */
export interface RequestOptions {
  protocol?: string | null;
  host?: string | null;
  hostname?: string | null;
  port?: number | string | null;
  path?: string | null;
  method?: string;
  headers?: Record<string, HeaderValue | undefined> | readonly string[];
  auth?: string | null;
  agent?: Agent | boolean;
  defaultPort?: number | string;
  timeout?: number;
  signal?: AbortSignal;
  setHost?: boolean;
}

export type RequestInput = string | URL | RequestOptions;

/** The `socket` of a request, for programs that look at it. */
class Socket extends stream.Duplex {
  readonly remoteAddress = undefined;
  readonly encrypted: boolean;
  readonly authorized = true;
  connecting = false;

  constructor(encrypted: boolean) {
    super({ read() {}, write: (_chunk, _encoding, done) => done() });
    this.encrypted = encrypted;
  }

  setTimeout(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}

export class ClientRequest extends stream.Writable {
  readonly protocol: string;
  readonly host: string;
  readonly method: string;
  readonly path: string;
  readonly agent: Agent | undefined;
  readonly socket: Socket;
  reusedSocket = false;
  maxHeadersCount: number | null = null;
  headersSent = false;
  aborted = false;
  res: IncomingMessage | null = null;
  readonly #port: number;
  readonly #headers = new Map<string, { name: string; value: HeaderValue }>();
  readonly #parts: Uint8Array[] = [];
  #pending: Pending | undefined;
  #timeoutMs = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    protocol: string,
    agent: Agent,
    input: RequestInput,
    options?: RequestOptions | Callback,
    callback?: Callback,
  ) {
    // It lives until its response has ended.
    super({ autoDestroy: false });
    const all = normalize(input, typeof options === "function" ? {} : options ?? {});
    const listener = typeof options === "function" ? options : callback;
    this.agent = typeof all.agent === "object" ? all.agent : agent;
    this.protocol = all.protocol ?? this.agent.protocol ?? protocol;
    if (this.protocol !== protocol && this.protocol !== this.agent.protocol) {
      throw Object.assign(
        new TypeError(`Protocol "${this.protocol}" not supported. Expected "${protocol}"`),
        { code: "ERR_INVALID_PROTOCOL" },
      );
    }
    this.host = all.hostname ?? all.host ?? "localhost";
    this.method = (all.method ?? "GET").toUpperCase();
    this.path = all.path || "/";
    // deno-lint-ignore no-control-regex
    if (/[\x00-\x20]/.test(this.path)) {
      throw Object.assign(new TypeError("Request path contains unescaped characters"), {
        code: "ERR_UNESCAPED_CHARACTERS",
      });
    }
    const defaultPort = this.protocol === "https:" ? 443 : 80;
    this.#port = Number(all.port || all.defaultPort || defaultPort);
    this.socket = new Socket(this.protocol === "https:");
    this.#take(all.headers);
    if (all.auth && !this.hasHeader("authorization")) {
      this.setHeader("Authorization", `Basic ${Buffer.from(all.auth).toString("base64")}`);
    }
    if (!this.hasHeader("host") && all.setHost !== false) {
      const host = this.host.includes(":") ? `[${this.host}]` : this.host;
      this.setHeader("Host", this.#port === defaultPort ? host : `${host}:${this.#port}`);
    }
    if (listener) this.once("response", listener);
    if (all.timeout) this.setTimeout(all.timeout);
    if (all.signal) stream.addAbortSignal(all.signal, this);
    process.nextTick(() => {
      if (this.destroyed) return;
      this.emit("socket", this.socket);
      this.socket.emit("connect");
    });
  }

  get connection(): Socket {
    return this.socket;
  }

  setHeader(name: string, value: HeaderValue): this {
    if (this.headersSent) {
      throw Object.assign(new Error("Cannot set headers after they are sent to the client"), {
        code: "ERR_HTTP_HEADERS_SENT",
      });
    }
    this.#headers.set(name.toLowerCase(), { name, value });
    return this;
  }

  appendHeader(name: string, value: string | readonly string[]): this {
    const before = this.getHeader(name);
    const values = before === undefined ? [] : [before].flat().map(String);
    return this.setHeader(name, [...values, ...[value].flat()]);
  }

  getHeader(name: string): HeaderValue | undefined {
    return this.#headers.get(name.toLowerCase())?.value;
  }

  hasHeader(name: string): boolean {
    return this.#headers.has(name.toLowerCase());
  }

  removeHeader(name: string): void {
    this.#headers.delete(name.toLowerCase());
  }

  getHeaders(): Record<string, HeaderValue> {
    return Object.fromEntries([...this.#headers].map(([name, { value }]) => [name, value]));
  }

  getHeaderNames(): string[] {
    return [...this.#headers.keys()];
  }

  getRawHeaderNames(): string[] {
    return [...this.#headers.values()].map(({ name }) => name);
  }

  flushHeaders(): void {
    this.headersSent = true;
  }

  setNoDelay(): void {}

  setSocketKeepAlive(): void {}

  /** Emits `timeout` if the response takes longer. The request goes on. */
  setTimeout(milliseconds: number, callback?: () => void): this {
    this.#timeoutMs = milliseconds;
    if (callback) this.once("timeout", callback);
    this.#watch();
    return this;
  }

  abort(): void {
    this.aborted = true;
    this.emit("abort");
    this.destroy();
  }

  override _write(chunk: Uint8Array, _: string, done: () => void): void {
    this.#parts.push(chunk);
    done();
  }

  override _final(done: (error?: Error | null) => void): void {
    this.headersSent = true;
    this.#send();
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    clearTimeout(this.#timer);
    this.#pending?.cancel();
    this.res?.destroy(error ?? undefined);
    error = this.res === null ? error : null;
    if (error === null && this.res === null) {
      error = Object.assign(new Error("socket hang up"), { code: "ECONNRESET" });
    }
    done(error);
  }

  #take(headers: RequestOptions["headers"]): void {
    if (Array.isArray(headers)) {
      for (let index = 0; index < headers.length; index += 2) {
        this.appendHeader(headers[index], headers[index + 1]);
      }
      return;
    }
    for (const [name, value] of Object.entries(headers ?? {})) {
      if (value !== undefined) this.setHeader(name, value as HeaderValue);
    }
  }

  #watch(): void {
    clearTimeout(this.#timer);
    if (this.#timeoutMs <= 0 || this.res !== null) return;
    this.#timer = setTimeout(() => this.emit("timeout"), this.#timeoutMs);
  }

  async #send(): Promise<void> {
    if (String(this.getHeader("upgrade")).toLowerCase() === "websocket") {
      return void this.destroy(new Error("Cannot open a WebSocket: a sandbox speaks plain HTTP"));
    }
    const host = this.host.includes(":") && !this.host.startsWith("[")
      ? `[${this.host}]`
      : this.host;
    const headers = [...this.#headers.values()].flatMap(({ name, value }) =>
      [value].flat().map((value): [string, string] => [name, String(value)])
    );
    this.#pending = send({
      method: this.method,
      url: `${this.protocol}//${host}:${this.#port}${this.path}`,
      headers,
      body: new Uint8Array(Buffer.concat(this.#parts)),
      decompress: false,
    });
    try {
      const head = await this.#pending.head;
      if (this.destroyed) return;
      clearTimeout(this.#timer);
      const response = new IncomingMessage(head, this.socket);
      response.req = this;
      this.res = response;
      response.once("close", () => this.destroy());
      if (!this.emit("response", response)) response.resume();
    } catch (error) {
      this.destroy(error as Error);
    }
  }
}

function normalize(input: RequestInput, options: RequestOptions): RequestOptions {
  if (typeof input !== "string" && !(input instanceof URL)) return { ...input, ...options };
  const parsed = url.urlToHttpOptions(new URL(input)) as RequestOptions;
  return { ...parsed, ...options };
}
