/** Requests that a guest gives up, or is ended in: all that left are told. */
import type { Envelope } from "../../../sdk/envelope.ts";
import { assertEquals, assertTrue } from "../../support/assert.ts";
import { attack, type Language } from "../attack.ts";
import { serveRaw } from "./requests.ts";

/** Programs whose `main` asks `/ok`, then a path that is not answered, and how they end. */
interface Case {
  language: Language;
  code: string;
  ends: (envelope: Envelope) => boolean;
  signal?: () => AbortSignal;
  /** The last request's status. */
  status?: number;
}

const typescript = (body: string, options = "") =>
  `import { task } from "@capsule/sdk";
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
export const main = task({ name: "main", compute: "HIGH", allowedHosts: ["127.0.0.1"]${options} }, async (url) => {
  await (await fetch(url + "/ok")).text();
  ${body}
});`;
const python = (body: string, options = "") =>
  `import asyncio, os, socket, sys, time, urllib.request
from capsule import task
@task(compute="HIGH", allowed_hosts=["127.0.0.1"]${options})
def main(url):
    urllib.request.urlopen(url + "/ok").read()
${body.split("\n").map((line) => `    ${line}`).join("\n")}`;
const fails = (type: string) => ({ error }: Envelope) => error?.error_type === type;
const returns = (value: unknown) => ({ result, error }: Envelope) =>
  error === null && JSON.stringify(result) === JSON.stringify(value);

const CASES: Record<string, Case> = {
  "a request that is aborted": {
    language: "typescript",
    code: typescript(`const stop = new AbortController();
      setTimeout(() => stop.abort(), 100);
      return await fetch(url + "/slow?secret=1", { signal: stop.signal }).catch(({ name }) => name);`),
    ends: returns("AbortError"),
  },
  "a request with a time limit": {
    language: "typescript",
    code: typescript(
      `return await fetch(url + "/slow", { signal: AbortSignal.timeout(100) }).catch(({ name }) => name);`,
    ),
    ends: returns("TimeoutError"),
  },
  "a request that is open when main returns": {
    language: "typescript",
    code: typescript(`fetch(url + "/slow"); await pause(100); return 1;`),
    ends: returns(1),
  },
  "a request that is open when main throws": {
    language: "typescript",
    code: typescript(`fetch(url + "/slow"); await pause(100); throw new Error("no");`),
    ends: fails("task_error"),
  },
  "a request that is open when the task exits": {
    language: "typescript",
    code: typescript(`fetch(url + "/slow"); await pause(100); process.exit(0);`),
    ends: returns(null),
  },
  "a request that outlives the task's timeout": {
    language: "typescript",
    code: typescript(`await fetch(url + "/slow");`, `, timeout: "400ms"`),
    ends: fails("timeout"),
  },
  "a request that is open when the fuel is used up": {
    language: "typescript",
    code: typescript(`fetch(url + "/slow"); await pause(100); for (;;);`).replace(
      '"HIGH"',
      "300_000_000",
    ),
    ends: fails("fuel_exhausted"),
  },
  "a request of a run that is cancelled": {
    language: "typescript",
    code: typescript(`await fetch(url + "/slow");`),
    ends: fails("cancelled"),
    signal: () => AbortSignal.timeout(700),
  },
  "a request past the SDK that is cancelled": {
    language: "typescript",
    code: typescript(`const host = await (0, eval)('import("capsule:host/operations@1.0.0")');
      const json = JSON.stringify({ method: "GET", url: url + "/slow", headers: [] });
      const handle = host.start("http", { json, bytes: new Uint8Array(0) });
      await pause(100); host.cancel(handle); return 1;`),
    ends: returns(1),
  },
  "a response that is cut in its body": {
    language: "typescript",
    code: typescript(`return await (await fetch(url + "/cut")).text().catch(() => "cut");`),
    ends: returns("cut"),
    status: 200,
  },
  "a response whose body is aborted": {
    language: "typescript",
    code: typescript(`const stop = new AbortController();
      const response = await fetch(url + "/drip", { signal: stop.signal });
      setTimeout(() => stop.abort(), 50);
      return await response.text().catch(({ name }) => name);`),
    ends: returns("AbortError"),
    status: 200,
  },
  "Python: a request with a timeout": {
    language: "python",
    code: python(`try: urllib.request.urlopen(url + "/slow?secret=1", timeout=0.1)
except OSError: return "late"`),
    ends: returns("late"),
  },
  "Python: a request that outlives the task's timeout": {
    language: "python",
    code: python(`urllib.request.urlopen(url + "/slow")`, `, timeout="400ms"`),
    ends: fails("timeout"),
  },
  "Python: a request that asyncio cancels": {
    language: "python",
    code: python(`async def ask():
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET /slow HTTP/1.1\\r\\nHost: " + f"{host}:{port}".encode() + b"\\r\\n\\r\\n")
    await reader.read()
try: asyncio.run(asyncio.wait_for(ask(), 0.2))
except TimeoutError: return "late"`),
    ends: returns("late"),
  },
  "Python: a request that is open when the process exits": {
    language: "python",
    code: python(`try: urllib.request.urlopen(url + "/slow", timeout=0.1)
except OSError: os._exit(0)`),
    ends: returns(null),
  },
  "Python: a request of a run that is cancelled": {
    language: "python",
    code: python(`urllib.request.urlopen(url + "/slow")`),
    ends: fails("cancelled"),
    signal: () => AbortSignal.timeout(1_000),
  },
};

/** Answers `/ok`, cuts or drips what is to be, and is silent else. */
function silent() {
  return serveRaw(async (connection, head) => {
    const encode = (text: string) => new TextEncoder().encode(text);
    const path = head.split(" ")[1]!;
    if (path === "/ok") {
      // It answers once: a connection that is kept would be used while it closes.
      const head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n";
      await connection.write(encode(`${head}ok`));
    } else if (path === "/cut" || path === "/drip") {
      await connection.write(encode("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nsome"));
      if (path === "/drip") await connection.read(new Uint8Array(1));
    } else {
      // Until the guest has gone.
      await connection.read(new Uint8Array(1));
    }
  });
}

for (const [name, { language, code, ends, signal, status }] of Object.entries(CASES)) {
  Deno.test(`${name} is told`, async () => {
    await using server = silent();
    const envelope = await attack({
      language,
      code,
      args: [server.url],
      ...(signal && { signal: signal() }),
    });
    const told = `${JSON.stringify(envelope.error)} ${JSON.stringify(envelope.result)}`;
    assertTrue(ends(envelope), told);
    const seen = server.heads.map((head) => head.split(" ")[1]!.split("?")[0]);
    assertEquals(seen.length, 2, `the server was asked ${seen}`);
    const { host_requests } = envelope.execution;
    assertEquals(
      host_requests.map(({ method, url }) => [method, url]),
      seen.map((path) => ["GET", `${server.url}${path}`]),
    );
    assertEquals(host_requests.map(({ status }) => status), [200, status ?? null]);
    const [, open] = host_requests;
    const least = status === undefined ? 50 : 0;
    assertTrue(open!.duration_ms >= least && open!.duration_ms < 5_000, `${open!.duration_ms}`);
  });
}

Deno.test("requests of attempts that timed out are all told, once each", async () => {
  await using server = silent();
  const { execution, error } = await attack({
    language: "typescript",
    code: typescript(`await fetch(url + "/slow");`, `, timeout: "400ms", maxRetries: 2`),
    args: [server.url],
  });
  assertEquals([error?.error_type, execution.retries], ["timeout", 2]);
  assertEquals(
    execution.host_requests.map(({ url, status }) => [url.slice(server.url.length), status]),
    [1, 2, 3].flatMap(() => [["/ok", 200], ["/slow", null]]),
  );
});

Deno.test("a request that is refused, or waits for its turn, has not left", async () => {
  await using server = silent();
  const { result, execution } = await attack({
    language: "typescript",
    code: typescript(`const refused = await fetch("http://example.com/").catch(({ name }) => name);
      for (let n = 0; n < 400; n++) fetch(url + "/slow" + n);
      await pause(500);
      return refused;`),
    args: [server.url],
  });
  assertEquals(result, "TypeError");
  // At once, there are 32.
  assertEquals([server.heads.length, execution.host_requests.length], [33, 33]);
});

Deno.test("what is told of a request is short, whatever its URL is", async () => {
  await using server = silent();
  const { execution } = await attack({
    language: "typescript",
    code: typescript(`fetch(url + "/" + "p".repeat(10_000)); await pause(200);`),
    args: [server.url],
  });
  const [, { url }] = execution.host_requests as [unknown, { url: string }];
  assertTrue(url.length < 2_100 && url.endsWith(" bytes more)"), url.slice(-100));
});
