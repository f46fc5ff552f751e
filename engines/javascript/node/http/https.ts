/** `node:https`, like `node:http`. No option changes which certificates the host trusts. */
import { Agent as HttpAgent } from "./http.ts";
import { ClientRequest, type RequestInput } from "./request.ts";
import type { IncomingMessage } from "./response.ts";
import { partly } from "../unavailable.ts";

export class Agent extends HttpAgent {
  override readonly protocol = "https:";
  override readonly defaultPort = 443;
}

export const globalAgent: Agent = new Agent({ keepAlive: true });

type Callback = (response: IncomingMessage) => void;

/** Starts a request. */
export function request(input: RequestInput, ...rest: unknown[]): ClientRequest {
  return new ClientRequest("https:", globalAgent, input, ...rest as [object, Callback]);
}

/** Starts a request without a body. */
export function get(input: RequestInput, ...rest: unknown[]): ClientRequest {
  const begun = request(input, ...rest);
  begun.end();
  return begun;
}

export default partly("https", { Agent, get, globalAgent, request });
