/** `node:http`: requests through the host. Sockets and servers do not exist. */
import { Agent } from "./agent.ts";
import { ClientRequest, type RequestInput } from "./request.ts";
import { IncomingMessage } from "./response.ts";
import stream from "node:stream";
import { partly } from "../unavailable.ts";

/** Names of methods and statuses, copied from Node when the engine is built. */
declare const HTTP_NAMES: { METHODS: string[]; STATUS_CODES: Record<number, string> };

export { Agent };

export const globalAgent: Agent = new Agent({ keepAlive: true });

type Callback = (response: IncomingMessage) => void;

/** Starts a request: `request(url, options?, callback?)` or `request(options, callback?)`. */
export function request(input: RequestInput, ...rest: unknown[]): ClientRequest {
  return new ClientRequest("http:", globalAgent, input, ...rest as [object, Callback]);
}

/** Starts a request without a body. */
export function get(input: RequestInput, ...rest: unknown[]): ClientRequest {
  const begun = request(input, ...rest);
  begun.end();
  return begun;
}

/** A valid header name. */
export function validateHeaderName(name: string): void {
  if (/^[\w!#$%&'*+.^`|~-]+$/.test(name)) return;
  throw Object.assign(new TypeError(`Header name must be a valid HTTP token ["${name}"]`), {
    code: "ERR_INVALID_HTTP_TOKEN",
  });
}

/** A valid header value. */
export function validateHeaderValue(name: string, value: unknown): void {
  if (/^[\t\x20-\x7e\x80-\xff]*$/.test(String(value))) return;
  throw Object.assign(new TypeError(`Invalid character in header content ["${name}"]`), {
    code: "ERR_INVALID_CHAR",
  });
}

export default partly("http", {
  Agent,
  ClientRequest,
  get,
  globalAgent,
  IncomingMessage,
  maxHeaderSize: 16_384,
  METHODS: HTTP_NAMES.METHODS,
  OutgoingMessage: stream.Writable,
  request,
  STATUS_CODES: HTTP_NAMES.STATUS_CODES,
  validateHeaderName,
  validateHeaderValue,
});
