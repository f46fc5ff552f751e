/** Programs that ask hosts for what they are told, request by request; and servers that do as they like. */
import type { Envelope } from "../../../sdk/envelope.ts";
import { assertEquals, assertTrue } from "../../support/assert.ts";
import { type Attack, attack, type Language } from "../attack.ts";

/** What a guest asks for. */
export interface GuestRequest {
  url: string;
  method?: string;
  headers?: [string, string][];
  body?: string;
  /** Asks the host past everything that the guest's own libraries check. */
  raw?: boolean;
}

/** The response, or how the request failed: the names and messages of the error and its causes. */
export type GuestOutcome = { status: number; text: string } | { error: string };

const PROGRAMS: Record<Language, string> = {
  typescript: `import { task } from "@capsule/sdk";
    const words = (error) => error ? error.name + ": " + error.message + " " + words(error.cause) : "";
    async function raw({ url, method = "GET", headers = [], body = "" }) {
      const host = await (0, eval)('import("capsule:host/operations@1.0.0")');
      const ask = (operation, request, text = "") => {
        const bytes = new TextEncoder().encode(text);
        return host.wait(host.start(operation, { json: JSON.stringify(request), bytes }), null);
      };
      const head = JSON.parse(ask("http", { method, url, headers }, body).json);
      if (head.error) throw new Error(head.error.error_type + ": " + head.error.message);
      let text = "";
      for (;;) {
        const { json, bytes } = ask("http_body", { body: head.body });
        const { done, error } = JSON.parse(json);
        if (error) throw new Error(error.error_type + ": " + error.message);
        text += new TextDecoder().decode(bytes);
        if (done) return { status: head.status, text };
      }
    }
    async function ask(request) {
      try {
        if (request.raw) return await raw(request);
        const { url, ...options } = request;
        const response = await fetch(url, options);
        return { status: response.status, text: await response.text() };
      } catch (error) { return { error: words(error) }; }
    }`,
  python: `
import json, urllib.error, urllib.request
from capsule import task
from wit_world.imports import operations
from wit_world.imports.operations import Payload

def asked(operation, request, body=b""):
    outcome = operations.wait(operations.start(operation, Payload(json.dumps(request), body)), None)
    answer = json.loads(outcome.json)
    if "error" in answer: raise OSError(answer["error"]["error_type"] + ": " + answer["error"]["message"])
    return answer, outcome.bytes

def raw(url, method="GET", headers=[], body=""):
    head, _ = asked("http", {"method": method, "url": url, "headers": headers}, body.encode())
    text = b""
    while True:
        part, data = asked("http_body", {"body": head["body"]})
        text += data
        if part["done"]: return {"status": head["status"], "text": text.decode(errors="replace")}

def library(url, method="GET", headers=[], body=None):
    request = urllib.request.Request(
        url, method=method, headers=dict(headers), data=None if body is None else body.encode())
    try:
        with urllib.request.urlopen(request) as response:
            return {"status": response.status, "text": response.read().decode(errors="replace")}
    except urllib.error.HTTPError as error:
        return {"status": error.code, "text": error.read().decode()}

def ask(request):
    try: return (raw if request.pop("raw", False) else library)(**request)
    except Exception as error: return {"error": type(error).__name__ + ": " + str(error)}`,
};

const MAINS: Record<Language, (hosts: string, rest: string) => string> = {
  typescript: (hosts, rest) =>
    `\n task({ name: "main", compute: "HIGH", allowedHosts: ${hosts}${rest} }, async (requests) => {
      const outcomes = [];
      for (const request of requests) outcomes.push(await ask(request));
      return outcomes;
    });`,
  python: (hosts, rest) => `
@task(compute="HIGH", allowed_hosts=${hosts}${rest})
def main(requests): return [ask(request) for request in requests]`,
};

/** What `ask` needs, for programs of one's own. */
export function prelude(language: Language): string {
  return PROGRAMS[language];
}

/** Who may be asked, and further options of the task, as each language spells them. */
export interface Asking extends Omit<Attack, "code" | "args"> {
  hosts: string[];
  options?: Record<Language, string>;
}

/** Lets a task ask, one after the other. */
export async function askHosts(
  requests: GuestRequest[],
  asking: Asking,
): Promise<{ outcomes: GuestOutcome[]; envelope: Envelope }> {
  const { language, hosts, options } = asking;
  const rest = options === undefined ? "" : `, ${options[language]}`;
  const code = PROGRAMS[language] + MAINS[language](JSON.stringify(hosts), rest);
  const envelope = await attack({ ...asking, code, args: [requests] });
  assertEquals(envelope.error, null, `${envelope.error?.message}\n${envelope.error?.stack}`);
  return { outcomes: envelope.result as unknown as GuestOutcome[], envelope };
}

/** All fail, and say why. */
export function assertRefused(
  requests: GuestRequest[],
  outcomes: GuestOutcome[],
  reason: RegExp,
): void {
  assertEquals(outcomes.length, requests.length);
  for (const [at, request] of requests.entries()) {
    const outcome = outcomes[at]!;
    const shown = `${JSON.stringify(request).slice(0, 200)}: ${
      JSON.stringify(outcome).slice(0, 300)
    }`;
    assertTrue("error" in outcome && reason.test(outcome.error), shown);
  }
}

/** A server that speaks as it likes: what clients write to it is kept, the answer is up to the handler. */
export function serveRaw(
  answer: (connection: Deno.TcpConn, head: string) => Promise<void>,
  options: { hostname?: string; port?: number } = {},
) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0, ...options });
  const { port } = listener.addr as Deno.NetAddr;
  const heads: string[] = [];
  const connections = new Set<Deno.TcpConn>();
  const handle = async (connection: Deno.TcpConn) => {
    connections.add(connection);
    try {
      const buffer = new Uint8Array(1 << 16);
      let text = "";
      while (!text.includes("\r\n\r\n")) {
        const count = await connection.read(buffer);
        if (count === null) return;
        text += new TextDecoder().decode(buffer.subarray(0, count));
      }
      heads.push(text);
      await answer(connection, text);
    } catch {
      // The guest has gone.
    } finally {
      connections.delete(connection);
      try {
        connection.close();
      } catch {
        // It is closed.
      }
    }
  };
  const accepting = (async () => {
    const handled: Promise<void>[] = [];
    for await (const connection of listener) handled.push(handle(connection));
    await Promise.all(handled);
  })();
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    heads,
    async [Symbol.asyncDispose]() {
      listener.close();
      for (const connection of connections) connection.close();
      await accepting;
    },
  };
}
