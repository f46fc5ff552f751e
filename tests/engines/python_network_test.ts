/** Python's own HTTP, against a server on loopback. Libraries from elsewhere: compatibility. */
import { assertEquals, assertStringIncludes } from "../support/assert.ts";
import "../support/support.ts";
import { answer, serve } from "../support/servers.ts";
import { run } from "@capsule/sdk/runner";

/** Its tasks get the hosts that they declare. */
const OPTIONS = { language: "python", policy: "declared" } as const;

/** Runs the body of a task that may reach loopback. `base` is the server's address. */
async function inTask(body: string, base: string): Promise<unknown> {
  const lines = body.trim().split("\n").map((line) => `    ${line}`).join("\n");
  const code = `
import asyncio, http.client, json, socket, urllib.error, urllib.parse, urllib.request
from capsule import task

@task(allowed_hosts=["127.0.0.1"], compute="HIGH")
def main(base):
    address = urllib.parse.urlsplit(base)
    port = address.port
    out = []
    def attempt(function):
        try:
            return function()
        except Exception as error:
            return [type(error).__name__, str(error)]
${lines}
    return out`;
  const { result, error } = await run({ ...OPTIONS, code, args: [base] });
  assertEquals(error, null, `${error?.message}\n${error?.stack}`);
  return result;
}

Deno.test("urllib.request gets, posts, follows and fails", async () => {
  await using server = serve(answer);
  const result = await inTask(
    `
with urllib.request.urlopen(base + "/json") as response:
    out.append([response.status, response.headers["content-type"], json.load(response)])
request = urllib.request.Request(base + "/echo?q=1", data=b"body", headers={"X-Own": "1"}, method="PUT")
echoed = json.load(urllib.request.urlopen(request))
out.append([echoed["method"], echoed["url"], echoed["body"], echoed["headers"]["x-own"]])
out.append(urllib.request.urlopen(base + "/redirect").geturl() == base + "/text")
out.append(list(urllib.request.urlopen(base + "/bytes").read()))
try:
    urllib.request.urlopen(base + "/404")
except urllib.error.HTTPError as error:
    out.append([error.code, error.reason, error.read().decode()])
out.append(attempt(lambda: urllib.request.urlopen("https://example.com/")))
out.append(attempt(lambda: urllib.request.urlopen(base + "/slow", timeout=0.05)))
out.append(len(urllib.request.urlopen(base + "/stream").read()))
gzip = urllib.request.Request(base + "/gzip")
out.append(urllib.request.urlopen(gzip).headers["content-encoding"])`,
    server.url,
  );
  assertEquals(result, [
    [200, "application/json", { a: [1, "ü"], b: null }],
    ["PUT", "/echo?q=1", "body", "1"],
    true,
    [0, 255, 128, 10],
    [404, "Not Found", "nothing here"],
    [
      "URLError",
      '<urlopen error [Errno 2] the task may not reach "example.com" (https, port 443): add it to ' +
      "allowed_hosts>",
    ],
    ["TimeoutError", "timed out"],
    6000,
    "gzip",
  ]);
});

Deno.test("http.client keeps a connection, and streams", async () => {
  await using server = serve(answer);
  const result = await inTask(
    `
connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
for _ in range(3):
    connection.request("GET", "/text")
    out.append(connection.getresponse().read().decode())
connection.request("POST", "/echo", body=iter([b"one ", b"two"]), headers={"Transfer-Encoding": "chunked"}, encode_chunked=True)
out.append(json.load(connection.getresponse())["body"])
connection.request("GET", "/stream")
response = connection.getresponse()
out.append([len(response.read(10)), len(response.read())])
connection.request("HEAD", "/text")
response = connection.getresponse()
out.append([response.status, response.read().decode()])
connection.request("GET", "/cookies")
response = connection.getresponse()
out.append([response.status, response.headers.get_all("set-cookie"), response.read().decode()])
connection.request("GET", "/broken")
out.append(attempt(lambda: connection.getresponse().read())[0])`,
    server.url,
  );
  assertEquals((result as unknown[]).slice(0, 7), [
    "hello",
    "hello",
    "hello",
    "one two",
    [10, 5990],
    [200, ""],
    [204, ["a=1", "b=2"], ""],
  ]);
  assertEquals((result as unknown[])[7], "ConnectionError");
});

Deno.test("asyncio connects, side by side, and is cancelled", async () => {
  await using server = serve(answer);
  const result = await inTask(
    `
async def get(path):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\\r\\nHost: 127.0.0.1:{port}\\r\\n\\r\\n".encode())
    await writer.drain()
    status = await reader.readline()
    length = 0
    while (line := await reader.readline()) != b"\\r\\n":
        if line.lower().startswith(b"content-length:"): length = int(line.split(b":")[1])
    body = await reader.readexactly(length)
    writer.close()
    return status.decode().split()[1] + " " + body.decode()
async def all():
    found = await asyncio.gather(*(get("/text") for _ in range(20)))
    try:
        await asyncio.wait_for(get("/slow"), 0.05)
    except TimeoutError:
        found.append("timed out")
    return sorted(set(found))
out.append(asyncio.run(all()))`,
    server.url,
  );
  assertEquals(result, [["200 hello", "timed out"]]);
});

Deno.test("sockets speak HTTP alone", async () => {
  await using server = serve(answer);
  const result = await inTask(
    `
def raw(data):
    sock = socket.create_connection(("127.0.0.1", port))
    sock.sendall(data)
    return sock.recv(100)
out.append(attempt(lambda: raw(b"\\x00\\x01binary")))
out.append(attempt(lambda: raw(b"EHLO example.com\\r\\n\\r\\n")))
out.append(attempt(lambda: socket.create_connection(("127.0.0.1", port)).recv(1)))
out.append(attempt(lambda: raw(b"GET http://example.com/ HTTP/1.1\\r\\n\\r\\n")))
out.append(attempt(lambda: raw(b"GET /text HTTP/1.1\\r\\nHost: evil.com\\r\\n\\r\\n")))
out.append(attempt(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)))
out.append(attempt(lambda: socket.create_server(("127.0.0.1", 0))))
out.append(attempt(lambda: socket.create_connection(("example.com", 80))))
out.append(attempt(lambda: socket.gethostbyname("example.com")))`,
    server.url,
  ) as string[][];
  const refused = "a sandbox opens no raw connections";
  assertStringIncludes(result[0]![1]!, refused);
  assertStringIncludes(result[1]![1]!, refused);
  assertStringIncludes(result[2]![1]!, refused);
  assertStringIncludes(result[3]![1]!, "no proxies");
  assertStringIncludes(result[4]![1]!, "names a host other");
  assertEquals(result.slice(5, 8).map(([name]) => name), Array(3).fill("PermissionError"));
  // Nobody asked a server for it.
  assertEquals(result[8] as unknown, "example.com");
  assertEquals(server.requests, []);
});

Deno.test("capsule.http reaches the hosts that the task may reach", async () => {
  await using server = serve((request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/away") return Response.redirect("http://elsewhere.test/?token=abc");
    return pathname === "/missing" ? new Response("gone", { status: 404 }) : answer(request);
  });
  const result = await inTask(
    `
import capsule
from capsule import http
missing = http.get(base + "/missing")
out.append([missing.status_code, missing.ok(), missing.text, capsule.http is http])
echoed = http.put(base + "/echo", json_data={"a": "ä"}, headers={"X-Own": "1"})
out.append([echoed.ok(), json.loads(echoed.json()["body"]), echoed.json()["headers"]["x-own"]])
for url in (base + "/away", "https://elsewhere.test/x?token=abc", "file:///etc/passwd"):
    out.append(attempt(lambda: http.get(url).text))
`,
    server.url,
  ) as unknown[];
  const refused = (start: string, scheme: string, port: number) => [
    "RuntimeError",
    `GET ${start} failed: [Errno 2] the task may not reach "elsewhere.test" (${scheme}, port ${port}): ` +
    "add it to allowed_hosts",
  ];
  assertEquals(result, [
    [404, false, "gone", true],
    [true, { a: "ä" }, "1"],
    refused(`${server.url}/away`, "http", 80),
    refused("https://elsewhere.test/x", "https", 443),
    ["RuntimeError", "GET failed: the URL is malformed, or not of http or https"],
  ]);
});
