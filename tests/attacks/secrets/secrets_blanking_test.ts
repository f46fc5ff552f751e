/** Guests that read a secret out of what is blanked: for tests/attacks/, once the native library has the mend. */
import { gzipSync } from "node:zlib";
import { assertEquals, assertStringIncludes } from "../../support/assert.ts";
import { serve } from "../../support/servers.ts";
import "../../support/support.ts";
import { run } from "@capsule/sdk/runner";

const VALUE = "sk-live-0123456789-ABC";
const ASK = `
import os, http.client
def ask(port, method, path, body=None, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port)
    given = {name.replace("_", "-"): text.replace("KEY", os.environ["KEY"]) for name, text in headers.items()}
    connection.request(method, path, body=body, headers=given)
    return connection.getresponse()
`;

/** Runs a program that may reach this machine, for which the secrets are. */
function call(code: string, args: unknown[], values: Record<string, string> = { KEY: VALUE }) {
  const hosts = ["127.0.0.1"];
  const secrets = Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, { value, hosts }]),
  );
  const grants = { allowedHosts: hosts };
  return run({ code: ASK + code, language: "python", args, grants, secrets });
}

Deno.test("where parts of a response end does not tell whether a guess begins as a value does", async () => {
  let kept: BodyInit = "";
  await using server = serve(async (request) => {
    if (request.method === "PUT") kept = await request.bytes();
    return new Response(kept);
  });
  const { result, error } = await call(
    `def main(port, guess):
    block = b"#" * (1024 - len(guess)) + guess.encode()
    ask(port, "PUT", "/", block * 1024).read()
    response, ends, at = ask(port, "GET", "/"), [], 0
    while part := response.read1(1 << 20):
        at += len(part)
        ends.append(at % 1024)
    # Whatever is held back, it is always as much.
    return sorted({*ends[:-1]})`,
    [server.port, VALUE.slice(0, 7)],
  );
  assertEquals(error, null);
  assertEquals((result as number[]).includes(1024 - 7), false, JSON.stringify(result));
});

Deno.test("of two secrets, one of which begins as the other does, all is blanked", async () => {
  await using server = serve((request) => new Response(request.headers.get("authorization")));
  for (const values of [{ A: VALUE, KEY: `${VALUE}-more` }, { KEY: `${VALUE}-more`, A: VALUE }]) {
    const { result } = await call(
      `def main(port): return ask(port, "GET", "/", authorization="KEY").read().decode()`,
      [server.port],
      values,
    );
    assertEquals(result, "*".repeat(VALUE.length + 5));
  }
});

Deno.test("a response that is compressed in several ways, or in an unknown one, is refused", async () => {
  let codings: [string, string][] = [];
  await using server = serve((request) => {
    const text = gzipSync(request.headers.get("authorization")!);
    return new Response(text, { headers: codings });
  });
  const code = `export const main = async (url: string) => {
    const response = await fetch(url, { headers: { authorization: process.env.KEY! } });
    return [...new Uint8Array(await response.arrayBuffer())];
  };`;
  const grants = { allowedHosts: ["127.0.0.1"] };
  const secrets = { KEY: { value: VALUE, hosts: ["127.0.0.1"] } };
  for (const names of [["identity", "gzip"], ["gzip, gzip"], ["gzip", "br"], ["other"]]) {
    codings = names.map((name) => ["content-encoding", name]);
    const { error } = await run({
      code,
      language: "typescript",
      args: [server.url],
      grants,
      secrets,
    });
    assertStringIncludes(error?.message ?? "", "compressed its response");
  }
});

Deno.test("what a host has kept of a secret does not come back compressed to who asks for that", async () => {
  let kept = "";
  await using server = serve((request) => {
    kept ||= request.headers.get("authorization") ?? "";
    const isWanted = request.headers.get("accept-encoding")?.includes("gzip");
    return isWanted
      ? new Response(gzipSync(kept), { headers: { "content-encoding": "gzip" } })
      : new Response(kept);
  });
  const { result } = await call(
    `def main(port):
    ask(port, "GET", "/", authorization="KEY").read()
    return ask(port, "GET", "/", accept_encoding="gzip").read().decode("latin-1")`,
    [server.port],
  );
  assertEquals(result, "*".repeat(VALUE.length));
});

Deno.test("a header whose name holds a value is left out", async () => {
  await using server = serve((request) =>
    new Response("", { headers: { [`x-${request.headers.get("authorization")}`]: "1" } })
  );
  const { result } = await call(
    `def main(port): return str(ask(port, "GET", "/", authorization="KEY").getheaders())`,
    [server.port],
  );
  assertEquals((result as string).includes(VALUE.toLowerCase()), false);
});
