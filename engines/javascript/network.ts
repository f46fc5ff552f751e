/** Requests through the host: a sandbox has no other access to the network. */
import { Operation } from "./operations.ts";

const { parse, stringify } = JSON;

/** What is asked for. */
export interface HostRequest {
  method: string;
  /** Absolute, with http or https. */
  url: string;
  headers: [name: string, value: string][];
  body: Uint8Array;
  /** Undo what the server did to make the body smaller. */
  decompress: boolean;
}

/** The beginning of a response. Its body is read by its number. */
export interface Head {
  status: number;
  reason: string;
  headers: [name: string, value: string][];
  body: number;
}

/** A request that was sent. */
export interface Pending {
  head: Promise<Head>;
  cancel(): void;
}

/** As Node calls what goes wrong. */
const CODES: Record<string, string> = {
  certificate: "CERT_UNTRUSTED",
  denied: "EACCES",
  network: "ECONNRESET",
  not_found: "ENOTFOUND",
};

/** Why the host gives no response. */
export class NetworkError extends Error {
  override readonly name = "NetworkError";
  /** As Node calls it. */
  readonly code: string;

  constructor(kind: string, message: string) {
    super(message);
    this.code = CODES[kind] ?? "EINVAL";
  }
}

/** Sends a request. */
export function send({ body, ...request }: HostRequest): Pending {
  const operation = new Operation("http", stringify(request), body);
  return {
    head: operation.ended().then(({ json }) => parse(checked(json))),
    cancel: () => operation.cancel(),
  };
}

/** The next part of a body. Undefined at its end. */
export async function readPart(body: number): Promise<Uint8Array | undefined> {
  const { json, bytes } = await new Operation("http_body", stringify({ body })).ended();
  return parse(checked(json)).done ? undefined : bytes;
}

/** Lets go of a body that nobody reads to its end. */
export function discard(body: number): void {
  new Operation("http_discard", stringify({ body })).wait();
}

function checked(json: string): string {
  if (!json.startsWith('{"error":')) return json;
  const { error } = parse(json);
  throw new NetworkError(error.error_type, error.message);
}
