/** Replaces `undici/lib/global.js`: sends requests of `fetch` to the host. */
import { Buffer } from "./node/buffer.ts";
import { discard, readPart, send } from "./network.ts";

interface Options {
  origin: string;
  path: string;
  method: string;
  headers: Record<string, string>;
  body?: AsyncIterable<Uint8Array> | Iterable<Uint8Array> | Uint8Array | string | null;
}

/** The callbacks of undici for a request. */
interface Handler {
  onConnect(abort: (reason?: unknown) => void): void;
  onResponseStarted?(): void;
  onHeaders(status: number, headers: unknown[], resume: () => void, reason: string): boolean;
  onData(part: unknown): boolean;
  onComplete(trailers: unknown[]): void;
  onError(error: unknown): void;
}

async function collect(body: Options["body"]): Promise<Uint8Array> {
  if (body === null || body === undefined) return new Uint8Array(0);
  if (typeof body === "string") return new TextEncoder().encode(body);
  if (ArrayBuffer.isView(body)) return body as Uint8Array;
  const parts: Uint8Array[] = [];
  for await (const part of body as AsyncIterable<Uint8Array>) parts.push(part);
  return new Uint8Array(Buffer.concat(parts));
}

async function run(options: Options, handler: Handler): Promise<void> {
  let cancel = () => {};
  let aborted: { reason: unknown } | undefined;
  handler.onConnect((reason = new DOMException("The operation was aborted.", "AbortError")) => {
    if (aborted) return;
    aborted = { reason };
    cancel();
    handler.onError(reason);
  });
  if (aborted) return;
  const body = await collect(options.body);
  if (aborted) return;
  const pending = send({
    method: options.method,
    url: options.origin + options.path,
    headers: Object.entries(options.headers),
    body,
    decompress: true,
  });
  cancel = pending.cancel;
  const head = await pending.head;
  if (aborted) return;
  cancel = () => discard(head.body);
  handler.onResponseStarted?.();
  let wake = () => {};
  const resume = () => wake();
  const raw = head.headers.flat().map((text) => Buffer.from(text, "latin1"));
  handler.onHeaders(head.status, raw, resume, head.reason);
  for (;;) {
    const part = await readPart(head.body);
    if (aborted) return;
    if (part === undefined) break;
    const wanted = new Promise<void>((resolve) => {
      wake = resolve;
    });
    if (
      !handler.onData(Buffer.from(part.buffer as ArrayBuffer, part.byteOffset, part.byteLength))
    ) await wanted;
    if (aborted) return;
  }
  handler.onComplete([]);
}

const dispatcher = {
  isMockActive: false,
  dispatch(options: Options, handler: Handler): boolean {
    run(options, handler).catch((error) => handler.onError(error));
    return true;
  },
};

export const getGlobalDispatcher = (): typeof dispatcher => dispatcher;
export const setGlobalDispatcher = (): void => {};
