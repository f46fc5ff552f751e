/** `node:http`: requests by the host's one way to the network. There are no sockets, and no servers. */
import { Agent } from "./agent.ts";
import { ClientRequest, type RequestInput } from "./request.ts";
import { IncomingMessage } from "./response.ts";
import stream from "node:stream";
import { partly } from "../unavailable.ts";

/** What HTTP calls methods and statuses: whoever builds the engine has it from Node. */
declare const HTTP_NAMES: { METHODS: string[]; STATUS_CODES: Record<number, string> };

export { Agent };

export const globalAgent: Agent = new Agent({ keepAlive: true });

type Callback = (response: IncomingMessage) => void;

/** Begins a request: `request(url, options?, callback?)` or `request(options, callback?)`. */
export function request(input: RequestInput, ...rest: unknown[]): ClientRequest {
  return new ClientRequest("http:", globalAgent, input, ...rest as [object, Callback]);
}

/** The same with an end: it has no body. */
export function get(input: RequestInput, ...rest: unknown[]): ClientRequest {
  const begun = request(input, ...rest);
  begun.end();
  return begun;
}

/** A name of a header as it may stand in a request. */
export function validateHeaderName(name: string): void {
  if (/^[\w!#$%&'*+.^`|~-]+$/.test(name)) return;
  throw Object.assign(new TypeError(`Header name must be a valid HTTP token ["${name}"]`), {
    code: "ERR_INVALID_HTTP_TOKEN",
  });
}

/** A value of a header as it may stand in a request. */
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
