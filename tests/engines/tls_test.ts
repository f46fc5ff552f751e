/** https with an authority of the test's own, which only `SSL_CERT_FILE` makes known. */
import { assertEquals, assertStringIncludes } from "../support/assert.ts";
import { authority } from "../support/certificates.ts";
import { answer, serve } from "../support/servers.ts";
import { cli, project } from "../support/support.ts";

const PYTHON = `
import asyncio, ssl, urllib.request
from capsule import task

@task(allowed_hosts=["127.0.0.1"])
def main(base):
    def attempt(function):
        try:
            return function()
        except Exception as error:
            return type(error).__name__ + ": " + str(error)
    unverified = ssl._create_unverified_context()
    async def streams():
        host, port = base.split("//")[1].split(":")
        reader, writer = await asyncio.open_connection(host, int(port), ssl=ssl.create_default_context())
        writer.write(f"GET /text HTTP/1.1\\r\\nHost: {host}:{port}\\r\\n\\r\\n".encode())
        return (await reader.readuntil(b"hello"))[-5:].decode()
    return [
        attempt(lambda: urllib.request.urlopen(base + "/text").read().decode()),
        attempt(lambda: urllib.request.urlopen(base + "/text", context=unverified).read().decode()),
        attempt(lambda: asyncio.run(streams())),
    ]`;

const TYPESCRIPT = `
import { task } from "@capsule/sdk";
import https from "node:https";
task({ name: "main", allowedHosts: ["127.0.0.1"] }, async (base) => [
  await fetch(base + "/text").then((r) => r.text()).catch((e) => e.message),
  await new Promise((resolve) => https.get(base + "/text", { rejectUnauthorized: false }, (response) => {
    let text = ""; response.on("data", (part) => text += part).on("end", () => resolve(text));
  }).on("error", (error) => resolve(error.message))),
]);`;

Deno.test("https trusts whom the host trusts, and nobody else", async () => {
  using folder = project({ "main.py": PYTHON, "main.ts": TYPESCRIPT });
  const known = await authority();
  const names = ["127.0.0.1", "localhost"];
  await using good = serve(answer, await known.issue(names));
  await using expired = serve(answer, await known.issue(names, -1));
  await using other = serve(answer, await known.issue(["other.com"]));
  await using unknown = serve(answer, await (await authority()).issue(names));
  const env = { SSL_CERT_FILE: folder.write("ca.pem", known.certificate) };
  const ask = async (file: string, url: string) => {
    const { stdout, stderr } = await cli(["run", file, url, "--json"], { cwd: folder.path, env });
    const { result, error } = JSON.parse(stdout || "{}");
    assertEquals(error, null, stderr);
    return result as string[];
  };
  assertEquals(await ask("main.ts", good.url), ["hello", "hello"]);
  assertEquals(await ask("main.py", good.url), ["hello", "hello", "hello"]);
  const failures = [
    [expired, "certificate expired"],
    [other, "not valid for name"],
    [unknown, "BadSignature"],
  ] as const;
  for (const [server, problem] of failures) {
    for (const file of ["main.ts", "main.py"]) {
      for (const text of await ask(file, server.url)) {
        assertStringIncludes(text, problem);
      }
    }
    assertEquals(server.requests, []);
  }
  const [first] = await ask("main.py", expired.url);
  assertStringIncludes(first!, "URLError: <urlopen error [SSL: CERTIFICATE_VERIFY_FAILED]");
});
