/** Hosts that a task was not given, requests that are none, and servers that mean harm. */
import {
  assertEquals,
  assertMatch,
  assertStringIncludes,
  assertTrue,
} from "../../support/assert.ts";
import { authority } from "../../support/certificates.ts";
import { answer, parts, serve } from "../../support/servers.ts";
import { project } from "../../support/support.ts";
import { attack, type Language, LANGUAGES } from "../attack.ts";
import { askHosts, assertRefused, type GuestRequest, prelude, serveRaw } from "./requests.ts";
import { gzipSync } from "node:zlib";

const both = (options: [typescript: string, python: string]): Record<Language, string> => ({
  typescript: options[0],
  python: options[1],
});

for (const language of LANGUAGES) {
  Deno.test(`${language}: ports and schemes that are not listed are refused`, async () => {
    await using listed = serve(answer);
    await using other = serve(answer);
    const requests = [
      { url: `${other.url}/text` },
      { url: `${other.url}/text`, raw: true },
      { url: `http://127.0.0.1:${other.port}@127.0.0.1:${other.port}/` },
      { url: `http://127.0.0.1:${listed.port}@127.0.0.1:${other.port}/`, raw: true },
      { url: `https://127.0.0.1:${other.port}/`, raw: true },
      { url: "http://127.0.0.1/" },
      { url: "http://127.0.0.1:0/" },
    ];
    const asking = { language, hosts: [`127.0.0.1:${listed.port}`] };
    const { outcomes } = await askHosts([...requests, { url: `${listed.url}/text` }], asking);
    assertEquals(outcomes.pop(), { status: 200, text: "hello" });
    assertRefused(requests, outcomes, /may not reach|credentials|malformed/);

    const http = [{ url: `${listed.url}/text` }, { url: `${listed.url}/text`, raw: true }];
    const only = await askHosts(http, { language, hosts: ["https://127.0.0.1"] });
    assertRefused(http, only.outcomes, /may not reach "127\.0\.0\.1" \(http/);
    assertEquals([listed.requests, other.requests], [["GET /text"], []]);
    assertEquals(only.envelope.execution.host_requests, [], "nobody was asked");
  });

  Deno.test(`${language}: another spelling of an address is not listed`, async () => {
    await using server = serve(answer);
    const spellings = [
      ...["127.0.0.1", "127.1", "0x7f.1", "0177.0.0.1", "2130706433", "127.0.0.1.", "localhost"],
      ...["localhost.", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "0.0.0.0", "0", "[::]"],
      ...[
        "１２７.0.0.1",
        "127。0。0。1",
        "127.0.0.2",
        "LOCALHOST",
        "a@127.0.0.1",
        "example.com@127.1",
      ],
    ];
    const requests = spellings.flatMap((host): GuestRequest[] => {
      const url = `http://${host}:${server.port}/text`;
      return [{ url }, { url, raw: true }];
    });
    // Not even all hosts are those of this machine.
    for (const hosts of [["example.com"], ["*"], ["*.localhost"], []]) {
      const { outcomes } = await askHosts(requests, { language, hosts });
      assertRefused(
        requests,
        outcomes,
        /may not reach|not public|credentials|invalid|malformed|URL|Error/i,
      );
    }
    assertEquals(server.requests, []);
    // Whoever lists the name of this machine means it.
    const { outcomes } = await askHosts([{ url: `http://127.0.0.1:${server.port}/text` }], {
      language,
      hosts: ["127.0.0.1"],
    });
    assertEquals(outcomes, [{ status: 200, text: "hello" }]);
  });

  Deno.test(`${language}: a redirect is followed only to listed hosts, without credentials`, async () => {
    await using forbidden = serve(answer);
    await using target = serve(answer);
    const to = [
      `${forbidden.url}/text`,
      `//127.0.0.1:${forbidden.port}/text`,
      `http://127.0.0.1:${target.port}@127.0.0.1:${forbidden.port}/text`,
      `https://127.0.0.1:${forbidden.port}/text`,
      "http://localhost/",
      "file:///etc/passwd",
      "ftp://127.0.0.1/",
      "gopher://127.0.0.1:6379/_INFO",
      "javascript:alert(1)",
      "http://",
      "http://[::1",
    ];
    await using source = serve((request) => {
      const { pathname } = new URL(request.url);
      const [, kind, index] = pathname.split("/");
      const location = kind === "away" ? to[Number(index)]! : `${target.url}/echo`;
      return new Response(null, { status: kind === "post" ? 307 : 302, headers: { location } });
    });
    const hosts = [`127.0.0.1:${source.port}`, `127.0.0.1:${target.port}`];
    const away = to.map((_, index) => ({ url: `${source.url}/away/${index}` }));
    const secret: [string, string][] = [
      ["Authorization", "Bearer secret"],
      ["Cookie", "id=secret"],
      ["X-Kept", "yes"],
    ];
    const across: GuestRequest[] = [
      { url: `${source.url}/across`, headers: secret },
      { url: `${source.url}/back`, headers: secret },
    ];
    const { outcomes, envelope } = await askHosts([...away, ...across], { language, hosts });
    // Some are left unfollowed.
    const unfollowed = outcomes.splice(0, away.length).map((it) =>
      "status" in it && it.status === 302 ? { error: "Error: not followed" } : it
    );
    assertRefused(away, unfollowed, /Error/);
    assertEquals(forbidden.requests, []);
    for (const outcome of outcomes) {
      assertTrue("text" in outcome, JSON.stringify(outcome));
      const { headers } = JSON.parse((outcome as { text: string }).text);
      assertEquals(headers["x-kept"], "yes");
      assertEquals([headers.authorization, headers.cookie], [undefined, undefined]);
    }
    assertTrue(!JSON.stringify(envelope.execution).includes("secret"), "a secret is told");
  });

  Deno.test(`${language}: headers cannot split or smuggle requests`, async () => {
    const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
    await using server = serveRaw(async (connection) => {
      await connection.write(new TextEncoder().encode(ok));
    });
    const { url } = server;
    const values = ["a\r\nX-Forged: 1", "a\nX-Forged: 1", "a\rb", "a\0b", "\r\n\r\nGET /forged"];
    const names = ["X-A\r\nX-Forged", "X-A: 1\r\nX-Forged", "X A", "X-A\0", "", ":", "X-Ä"];
    const broken: GuestRequest[] = [
      ...values.map((value): GuestRequest => ({ url, headers: [["X-A", value]] })),
      ...names.map((name): GuestRequest => ({ url, headers: [[name, "1"]] })),
      ...["GET /forged HTTP/1.1\r\nX:", "G T", "GET\r\n", "CONNECT", "TRACE", "", "GE\0T"].map((
        method,
      ): GuestRequest => ({ url, method })),
      { url, headers: [["Proxy-Authorization", "x"]] },
      { url, headers: [["Host", "evil.test"]] },
      { url, headers: [["Host", `127.0.0.1:${server.port}\r\nX-Forged: 1`]] },
      { url, headers: [["host", `127.0.0.1:${server.port}@evil.test`]] },
      { url, headers: [["Host", `127.0.0.1:${server.port}/x`]] },
    ];
    const requests = [
      ...broken.map((request) => ({ ...request, raw: true })),
      // fetch drops some of these and makes the others good.
      ...(language === "python" ? broken.slice(0, values.length) : broken.slice(0, 12)),
    ];
    const hosts = ["127.0.0.1"];
    const { outcomes } = await askHosts(requests, { language, hosts });
    const ours = outcomes.map((outcome, index) => ({ outcome, request: requests[index]! }))
      .filter(({ outcome }) => !("error" in outcome));
    // What is sent all the same is sent without what was wrong.
    assertEquals(ours.filter(({ request }) => request.raw), [], "the host takes it");
    for (const head of server.heads) assertTrue(!/^(?:x-forged|get \/forged)/im.test(head), head);

    server.heads.length = 0;
    const framing: [string, string][] = [
      ["Content-Length", "0"],
      ["Content-Length", "99999"],
      ["Transfer-Encoding", "chunked"],
      ["Transfer-Encoding", "identity, chunked"],
      ["Connection", "X-Kept, close"],
      ["Upgrade", "h2c"],
      ["Expect", "100-continue"],
      ["TE", "trailers"],
      ["X-Kept", "yes"],
      ["Host", `127.0.0.1:${server.port}`],
    ];
    const body = "0\r\n\r\nGET /forged HTTP/1.1\r\n\r\n";
    const sent: GuestRequest[] = [
      { url: `${url}/a%0d%0aX-Forged:1?b\r\nX-Forged: 1`, raw: true },
      {
        url,
        method: "POST",
        headers: framing,
        body,
        raw: true,
      },
    ];
    const framed = await askHosts(sent, { language, hosts });
    assertEquals(framed.outcomes, Array(2).fill({ status: 200, text: "ok" }));
    const [get, post] = server.heads;
    assertMatch(get!, /^GET \/a%0d%0aX-Forged:1\?bX-Forged:%201 HTTP\/1\.1\r\n/);
    const lines = post!.split("\r\n\r\n")[0]!.toLowerCase().split("\r\n").slice(1).sort();
    const own = lines.filter((line) => !/^(?:accept|user-agent):/.test(line));
    assertEquals(own, [
      `content-length: ${body.length}`,
      `host: 127.0.0.1:${server.port}`,
      "x-kept: yes",
    ]);
  });

  Deno.test(`${language}: variables that name a proxy are ignored`, async () => {
    await using proxy = serve(answer);
    await using server = serve(answer);
    const names = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"];
    const env = Object.fromEntries(names.map((name) => [name, proxy.url]));
    for (const name of names) Deno.env.set(name, proxy.url);
    try {
      const list = JSON.stringify(names);
      const requests = [{ url: `${server.url}/text` }, { url: `${server.url}/text`, raw: true }];
      const { outcomes } = await askHosts(requests, {
        language,
        env,
        hosts: ["127.0.0.1"],
        options: both([`envVariables: ${list}`, `env_variables=${list}`]),
      });
      assertEquals(outcomes, Array(2).fill({ status: 200, text: "hello" }));
    } finally {
      for (const name of names) Deno.env.delete(name);
    }
    assertEquals([proxy.requests, server.requests.length], [[], 2]);
  });

  Deno.test(`${language}: endless bodies and compression bombs end at their limit`, async () => {
    const bomb = gzipSync(new Uint8Array(64 << 20));
    const headers = { "content-encoding": "gzip" };
    await using server = serve((request) => {
      switch (new URL(request.url).pathname) {
        case "/bomb":
          return new Response(bomb, { headers });
        case "/bomb-of-bombs":
          return new Response(gzipSync(bomb), { headers: { "content-encoding": "gzip, gzip" } });
        case "/endless":
          return new Response(parts(Infinity, 1 << 16, 0));
      }
      return new Response("fine");
    });
    using folder = project({ "capsule.toml": '[budget]\nbody_size = "1MB"' });
    const asked = [{ url: `${server.url}/endless` }, { url: `${server.url}/endless`, raw: true }];
    // Python's libraries do not undo what a server did: it is the task's own memory that it would fill.
    if (language === "typescript") asked.push({ url: `${server.url}/bomb` });
    const small = [{ url: `${server.url}/bomb-of-bombs`, raw: true }, { url: server.url }];
    const { outcomes } = await askHosts([...asked, ...small], {
      language,
      hosts: ["127.0.0.1"],
      folder,
    });
    assertRefused(asked, outcomes.splice(0, asked.length), /longer than 1048576 bytes \(body_size/);
    assertTrue("text" in outcomes[0]! && outcomes[0].text.length < 1 << 20, "it is not unpacked");
    assertEquals(outcomes[1], { status: 200, text: "fine" });
  });

  Deno.test(`${language}: a slow or silent server ends in a timeout on time`, async () => {
    const drip = async (connection: Deno.TcpConn, text: string) => {
      const encoder = new TextEncoder();
      for (;;) {
        await connection.write(encoder.encode(text));
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    const beginning = "HTTP/1.1 200 OK\r\n";
    await using server = serveRaw(async (connection, head) => {
      const [, path] = head.split(" ");
      await connection.write(new TextEncoder().encode(path === "/silent" ? "" : beginning));
      if (path === "/body") {
        await connection.write(new TextEncoder().encode("Content-Length: 99999\r\n\r\n"));
      }
      if (path === "/chunks") {
        await connection.write(new TextEncoder().encode("Transfer-Encoding: chunked\r\n\r\n"));
      }
      const part = { "/headers": "X: 1\r\n", "/body": "x", "/chunks": "1\r\nx\r\n" }[path!];
      if (part !== undefined) await drip(connection, part);
      await new Promise((resolve) => setTimeout(resolve, 2000));
    });
    const asks = {
      typescript:
        'task({ name: "main", allowedHosts: ["127.0.0.1"], timeout: 250 }, (url) => ask({ url }));',
      python:
        '\n@task(allowed_hosts=["127.0.0.1"], timeout=250)\ndef main(url): return ask({"url": url})',
    };
    const code = prelude(language) + asks[language];
    for (const path of ["/silent", "/headers", "/body", "/chunks"]) {
      const before = Date.now();
      const { error, execution } = await attack({ language, code, args: [server.url + path] });
      assertEquals(error?.error_type, "timeout", `${path}: ${error?.message}`);
      assertTrue(execution.duration_ms < 400, `${path}: ${execution.duration_ms} ms`);
      assertTrue(Date.now() - before < 3000, `${path}: the host waits on`);
    }
  });

  Deno.test(`${language}: invalid responses are errors`, async () => {
    const ok = "HTTP/1.1 200 OK\r\n";
    const answers: Record<string, string> = {
      "/length-twice": `${ok}Content-Length: 2\r\nContent-Length: 3\r\n\r\nokk`,
      "/length-list": `${ok}Content-Length: 2, 3\r\n\r\nokk`,
      "/length-negative": `${ok}Content-Length: -1\r\n\r\nok`,
      "/length-huge": `${ok}Content-Length: 99999999999999999999\r\n\r\nok`,
      "/chunk-huge": `${ok}Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nx`,
      "/chunk-none": `${ok}Transfer-Encoding: chunked\r\n\r\nhello\r\n`,
      "/cut": `${ok}Content-Length: 10\r\n\r\nok`,
      "/old": "ok",
      "/banner": "220 mail ESMTP\r\n",
      "/headers": `${ok}${"X-Header: value\r\n".repeat(50_000)}\r\n`,
      "/header-long": `${ok}X-Header: ${"v".repeat(1 << 20)}\r\n\r\n`,
      "/header-fold": `${ok}X-A: 1\r\n folded\r\nContent-Length: 2\r\n\r\nok`,
      "/status": "HTTP/1.1 1000 OK\r\n\r\n",
      "/switch": "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nok",
      "/nothing": "",
    };
    await using server = serveRaw(async (connection, head) => {
      await connection.write(new TextEncoder().encode(answers[head.split(" ")[1]!] ?? ""));
    });
    const requests = Object.keys(answers).flatMap((path): GuestRequest[] => {
      const url = server.url + path;
      return [{ url }, { url, raw: true }];
    });
    const { outcomes } = await askHosts(requests, { language, hosts: ["127.0.0.1"] });
    for (const [at, outcome] of outcomes.entries()) {
      const { url } = requests[at]!;
      // Old ways to write headers are harmless, and known.
      const isFine = /fold|switch/.test(url);
      assertTrue(isFine || "error" in outcome, `${url}: ${JSON.stringify(outcome).slice(0, 200)}`);
    }
  });

  Deno.test(`${language}: ten thousand requests end at the limit`, async () => {
    await using server = serve(() => new Response("ok"));
    const asks = {
      typescript:
        `task({ name: "main", compute: "HIGH", allowedHosts: ["127.0.0.1"] }, async (url) => {
        let count = 0;
        for (;; count++) { const outcome = await ask({ url, raw: true }); if (outcome.error) return [count, outcome.error]; }
      });`,
      python: `
@task(compute="HIGH", allowed_hosts=["127.0.0.1"])
def main(url):
    count = 0
    while "error" not in (outcome := ask({"url": url})): count += 1
    return [count, outcome["error"]]`,
    };
    const code = prelude(language) + asks[language];
    for (const [limit, config] of [[1000, ""], [7, "[budget]\nrequests = 7"]] as const) {
      using folder = project({ "capsule.toml": config });
      const { result, error, execution } = await attack({
        language,
        code,
        args: [server.url],
        folder,
      });
      assertEquals(error, null, error?.message);
      const [count, reason] = result as unknown as [number, string];
      assertEquals([count, execution.host_requests.length], [limit, limit]);
      assertStringIncludes(reason, `a task may make ${limit} requests (requests under [budget])`);
    }
  });

  Deno.test(`${language}: an untrusted certificate is refused`, async () => {
    // What is wrong with certificates that somebody does vouch for: tests/engines/tls_test.ts.
    await using server = serve(answer, await (await authority()).issue(["127.0.0.1", "localhost"]));
    const names = ["NODE_TLS_REJECT_UNAUTHORIZED", "PYTHONHTTPSVERIFY", "NODE_EXTRA_CA_CERTS"];
    const list = JSON.stringify(names);
    const url = `${server.url}/text`;
    const code = prelude(language) + {
      typescript: `import https from "node:https";
        task({ name: "main", allowedHosts: ["127.0.0.1"], envVariables: ${list} }, async (url) => [
          await ask({ url }), await ask({ url, raw: true }),
          await new Promise((resolve) => https.get(url, { rejectUnauthorized: false, agent:
            new https.Agent({ rejectUnauthorized: false }), checkServerIdentity: () => undefined },
            (response) => resolve({ status: response.statusCode }))
            .on("error", (error) => resolve({ error: words(error) }))),
        ]);`,
      python: `
import http.client, ssl
def unverified(url):
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try: return urllib.request.urlopen(url, context=context).status
    except Exception as error: return {"error": str(error)}
@task(allowed_hosts=["127.0.0.1"], env_variables=${list})
def main(url): return [ask({"url": url}), ask({"url": url, "raw": True}), unverified(url)]`,
    }[language];
    const env = Object.fromEntries(names.map((name) => [name, "0"]));
    const { result, error } = await attack({ language, code, args: [url], env });
    assertEquals(error, null, error?.message);
    const requests = Array(3).fill({ url });
    assertRefused(requests, result as never, /certificate/i);
    assertEquals(server.requests, []);
  });
}

Deno.test("typescript: there are no sockets and no DNS lookups", async () => {
  const modules = [
    "dgram",
    "dns",
    "dns/promises",
    "http2",
    "inspector",
    "cluster",
    "child_process",
  ];
  const code = `import { task } from "@capsule/sdk";
    import net from "node:net"; import tls from "node:tls";
    const failed = async (body) => { try { await body(); return null; } catch (error) { return error.message; } };
    task({ name: "main", allowedHosts: ["*", "127.0.0.1"] }, async (port) => [
      await failed(() => new Promise((resolve, reject) =>
        net.connect(port, "127.0.0.1").on("connect", resolve).on("error", reject))),
      await failed(() => net.createServer().listen(0)),
      await failed(() => tls.connect(port, "127.0.0.1")),
      typeof WebSocket, typeof EventSource, typeof Deno,
    ]);`;
  await using server = serve(answer);
  const { result, error } = await attack({ language: "typescript", code, args: [server.port] });
  if (error === null) {
    const [...outcomes] = result as unknown as (string | null)[];
    assertEquals(outcomes.splice(3), ["undefined", "undefined", "undefined"]);
    for (const outcome of outcomes) assertTrue(outcome !== null, JSON.stringify(outcomes));
  }
  const imports = modules.map((name, at) => `import * as m${at} from "node:${name}";`).join("\n");
  const using = `import { task } from "@capsule/sdk"; ${imports}
    const use = (module) => { try { Object.values(module.default)[0](); } catch (error) { return error.message; } };
    task({ name: "main", allowedHosts: ["*"] }, () => [${modules.map((_, at) => `use(m${at})`)}]);`;
  const used = await attack({ language: "typescript", code: using });
  assertEquals(used.error, null, used.error?.message);
  for (const [at, message] of (used.result as unknown as string[]).entries()) {
    assertStringIncludes(
      message,
      `"node:${modules[at]}": the module is not available in a sandbox`,
    );
  }
  assertEquals(server.requests, []);
});

Deno.test("python: raw TCP, UDP and DNS lookups are refused", async () => {
  const code = `
import asyncio, ftplib, imaplib, smtplib, socket, urllib.request
from capsule import task
def failed(body):
    try: return ["done", str(body())]
    except Exception as error: return [type(error).__name__, str(error)]
def says(port, data):
    with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
        connection.sendall(data)
        return connection.recv(100)
async def datagrams(port):
    await asyncio.get_running_loop().create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=("127.0.0.1", port))
@task(allowed_hosts=["127.0.0.1"])
def main(port):
    return [failed(body) for body in [
        lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
        lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW),
        lambda: socket.socket(2, 2 | 0x800).sendto(b"x", ("127.0.0.1", port)),
        lambda: socket.create_server(("127.0.0.1", 0)),
        lambda: socket.socket(getattr(socket, "AF_UNIX", 1)).connect("/var/run/docker.sock"),
        lambda: asyncio.run(datagrams(port)),
        lambda: says(port, b"INFO\\r\\n\\r\\n"),
        lambda: says(port, b"\\x00\\x01\\x02\\x03"),
        lambda: says(port, b"SSH-2.0-x\\r\\n\\r\\n"),
        lambda: says(port, b"GET http://127.0.0.1/ HTTP/1.1\\r\\n\\r\\n"),
        lambda: says(port, b"CONNECT 127.0.0.1:22 HTTP/1.1\\r\\n\\r\\n"),
        lambda: says(port, b"PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n"),
        lambda: says(port, b"GET /\\x00\\r HTTP/1.1\\nX: y\\r\\n\\r\\n"),
        lambda: ftplib.FTP().connect("127.0.0.1", port, 1),
        lambda: smtplib.SMTP("127.0.0.1", port, timeout=1),
        lambda: imaplib.IMAP4("127.0.0.1", port, timeout=1),
        lambda: urllib.request.urlopen(f"ftp://127.0.0.1:{port}/", timeout=1),
        lambda: urllib.request.urlopen("file:///etc/passwd"),
        lambda: socket.gethostbyaddr("127.0.0.1"),
    ]]`;
  await using server = serveRaw(async () => {});
  const { result, error } = await attack({ language: "python", code, args: [server.port] });
  assertEquals(error, null, `${error?.message}\n${error?.stack}`);
  for (const [at, [name, value]] of (result as unknown as string[][]).entries()) {
    // A name for an address is made up, as no one is asked for it.
    if (at === 18) continue;
    assertTrue(name !== "done", `${at}: ${value}`);
  }
  assertEquals(server.heads, [], "something has arrived");
});
