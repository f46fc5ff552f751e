/** `fetch`, its classes, and `node:http`, against a server on loopback. */
import { runOrThrow as run } from "../support/support.ts";
import { assertEquals, assertStringIncludes } from "../support/assert.ts";
import "../support/support.ts";
import { answer, serve } from "../support/servers.ts";

/** Its tasks get the hosts that they declare. */
const OPTIONS = { language: "javascript", policy: "declared" } as const;

/** Runs the body of a task that may reach loopback. `base` is the server's address. */
async function inTask(body: string, base: string, head = ""): Promise<unknown> {
  const code = `import { task } from "@capsule/sdk";
    ${head}
    export const main = task({ name: "main", allowedHosts: ["127.0.0.1"], compute: "HIGH" },
      async (base) => { ${body} });`;
  const { result, error } = await run({ ...OPTIONS, code, args: [base] });
  assertEquals(error, null, error?.message);
  return result;
}

Deno.test("fetch gets, posts and reads", async () => {
  await using server = serve(answer);
  const result = await inTask(
    `
    const out = [];
    const text = await fetch(base + "/text?q=1");
    out.push([text.status, text.ok, text.url === base + "/text?q=1", await text.text(),
      text.headers.get("Content-Type"), text.redirected, text.type]);
    out.push(await (await fetch(base + "/json")).json());
    const posted = await (await fetch(new Request(base + "/echo", {
      method: "POST", body: JSON.stringify({ a: 1 }), headers: { "X-Own": "ü".normalize("NFC") },
    }))).json();
    out.push([posted.method, posted.body, posted.headers["x-own"], posted.headers["content-type"]]);
    out.push([...new Uint8Array(await (await fetch(base + "/bytes")).arrayBuffer())]);
    out.push(await (await fetch(base + "/gzip")).text() === "zipped ".repeat(100));
    const missing = await fetch(base + "/404");
    out.push([missing.status, missing.ok, missing.statusText, await missing.text()]);
    out.push((await fetch(base + "/cookies")).headers.getSetCookie());
    const clone = await fetch(base + "/text");
    out.push([await clone.clone().text(), await clone.text(), clone.bodyUsed]);
    out.push(await (await fetch("data:text/plain,inline")).text());
    out.push(await (await fetch(base + "/text", { method: "HEAD" })).text());
    return out;`,
    server.url,
  );
  assertEquals(result, [
    [200, true, true, "hello", "text/plain", false, "basic"],
    { a: [1, "ü"], b: null },
    ["POST", '{"a":1}', "ü", "text/plain;charset=UTF-8"],
    [0, 255, 128, 10],
    true,
    [404, false, "Not Found", "nothing here"],
    ["a=1", "b=2"],
    ["hello", "hello", true],
    "inline",
    "",
  ]);
});

Deno.test("fetch follows redirects, hop by hop", async () => {
  await using server = serve(answer);
  const result = await inTask(
    `
    const followed = await fetch(base + "/redirect");
    const manual = await fetch(base + "/redirect", { redirect: "manual" });
    const posted = await fetch(base + "/redirect-post", { method: "POST", body: "kept" });
    const refused = await fetch(base + "/redirect", { redirect: "error" }).catch((e) => e.name);
    const loop = await fetch(base + "/loop").catch((e) => e.message);
    return [followed.redirected, followed.url === base + "/text", manual.status,
      manual.headers.get("location") === base + "/text", (await posted.json()).body, refused, loop];`,
    server.url,
  );
  assertEquals(result, [
    true,
    true,
    302,
    true,
    "kept",
    "TypeError",
    "fetch failed: redirect count exceeded",
  ]);
  assertEquals(server.requests.filter((request) => request.includes("/loop")).length, 21);
});

Deno.test("bodies are streams, in and out", async () => {
  await using server = serve(answer);
  const result = await inTask(
    `
    const response = await fetch(base + "/stream");
    let bytes = 0, parts = 0;
    for await (const part of response.body) { bytes += part.length; parts++; }
    const sent = await fetch(base + "/echo", { method: "PUT", duplex: "half",
      body: new ReadableStream({ start(c) {
        c.enqueue(new TextEncoder().encode("one ")); c.enqueue(new TextEncoder().encode("two"));
        c.close(); } }) });
    const text = (await fetch(base + "/text")).body.pipeThrough(new TextDecoderStream());
    let read = ""; for await (const part of text) read += part;
    const early = (await fetch(base + "/stream")).body.getReader();
    await early.read(); await early.cancel();
    const broken = await fetch(base + "/broken").then((r) => r.text()).catch((e) => e.message);
    return [bytes, parts > 1, (await sent.json()).body, read, broken];`,
    server.url,
  );
  assertEquals((result as unknown[]).slice(0, 4), [6000, true, "one two", "hello"]);
  assertStringIncludes(String((result as unknown[])[4]), "terminated");
});

Deno.test("forms go out as they do elsewhere, and come in", async () => {
  await using server = serve(answer);
  const result = await inTask(
    `
    const form = new FormData();
    form.set("text", "grüße"); form.append("file", new File(["content"], "n.txt", { type: "text/plain" }));
    const sent = await (await fetch(base + "/echo", { method: "POST", body: form })).json();
    const again = await new Response(sent.body, { headers: { "content-type": sent.headers["content-type"] } })
      .formData();
    const file = again.get("file");
    const query = await (await fetch(base + "/echo", { method: "POST",
      body: new URLSearchParams({ a: "1 2", b: "&" }) })).json();
    const blob = await (await fetch(base + "/bytes")).blob();
    return [again.get("text"), file.name, file.type, await file.text(), query.body,
      query.headers["content-type"], blob.size];`,
    server.url,
  );
  assertEquals(result, [
    "grüße",
    "n.txt",
    "text/plain",
    "content",
    "a=1+2&b=%26",
    "application/x-www-form-urlencoded;charset=UTF-8",
    4,
  ]);
});

Deno.test("requests are cancelled by signals, and run side by side", async () => {
  await using server = serve(answer);
  const result = await inTask(
    `
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 20);
    const before = Date.now();
    const names = await Promise.all([
      fetch(base + "/slow", { signal: controller.signal }).catch((e) => e.name),
      fetch(base + "/slow", { signal: AbortSignal.timeout(20) }).catch((e) => e.name),
      fetch(base + "/slow", { signal: AbortSignal.abort(new Error("mine")) }).catch((e) => e.message),
    ]);
    const cancelled = Date.now() - before;
    const reading = await fetch(base + "/stream", { signal: (() => {
      const c = new AbortController(); setTimeout(() => c.abort(), 12); return c.signal; })() })
      .then((r) => r.text()).catch((e) => e.name);
    const many = await Promise.all(Array.from({ length: 20 }, () => fetch(base + "/text")));
    return [names, cancelled < 1000, reading, many.every((r) => r.ok)];`,
    server.url,
  );
  assertEquals(result, [["AbortError", "TimeoutError", "mine"], true, "AbortError", true]);
});

Deno.test("what the host refuses says so, and is told of with what is no secret", async () => {
  await using server = serve(answer);
  const code = `import { task } from "@capsule/sdk";
    export const main = task({ name: "main", allowedHosts: ["127.0.0.1:${server.port}"] }, async () => {
      const denied = await fetch("http://example.com/x").catch((e) => [e.name, e.message, e.cause.code]);
      const port = await fetch("http://127.0.0.1:81/").catch((e) => e.message);
      await fetch("${server.url}/text?token=secret#part", { headers: { authorization: "secret" } });
      const credentials = await fetch("http://u:p@127.0.0.1:${server.port}/").catch((e) => e.name);
      return [denied, port, credentials];
    });`;
  const { result, execution } = await run({ ...OPTIONS, code });
  const denied = 'the task may not reach "example.com" (http, port 80): add it to allowedHosts';
  assertEquals(result, [
    ["TypeError", `fetch failed: ${denied}`, "EACCES"],
    'fetch failed: the task may not reach "127.0.0.1" (http, port 81): add it to allowedHosts',
    "TypeError",
  ]);
  const [request, ...rest] = execution.host_requests;
  assertEquals(rest, []);
  assertEquals({ ...request, duration_ms: 0 }, {
    method: "GET",
    url: `${server.url}/text`,
    status: 200,
    duration_ms: 0,
  });
});

Deno.test("node:http and https ask for what they are told, and answer as streams", async () => {
  await using server = serve(answer);
  const result = await inTask(
    `
    const read = (response) => new Promise((resolve, reject) => {
      const parts = [];
      response.on("data", (part) => parts.push(part)).on("error", reject)
        .on("end", () => resolve(Buffer.concat(parts)));
    });
    const got = await new Promise((resolve, reject) => http.get(base + "/json", resolve).on("error", reject));
    const body = JSON.parse(await read(got));
    const port = new URL(base).port;
    const posted = await new Promise((resolve, reject) => {
      const request = http.request({ host: "127.0.0.1", port, path: "/echo?x=1", method: "POST",
        headers: { "X-A": ["1", "2"] }, auth: "u:p" }, resolve);
      request.on("error", reject);
      request.write("he"); request.write(Buffer.from("llo")); request.end("!");
    });
    const echoed = JSON.parse(await read(posted));
    const redirect = await new Promise((resolve) => http.get(base + "/redirect", resolve));
    redirect.resume();
    const cookies = await new Promise((resolve) => http.get(base + "/cookies", resolve));
    const timedOut = await new Promise((resolve) => {
      const request = http.get(base + "/slow", { timeout: 20 });
      request.on("timeout", () => request.destroy(new Error("mine"))).on("error", (e) => resolve(e.message));
    });
    const denied = await new Promise((resolve) =>
      https.get("https://example.com/").on("error", (e) => resolve([e.code, e.message])));
    return [got.statusCode, got.statusMessage, got.headers["content-type"], got.complete, body,
      echoed.method, echoed.url, echoed.body, echoed.headers["x-a"], echoed.headers.authorization,
      redirect.statusCode, redirect.headers.location === base + "/text", cookies.headers["set-cookie"],
      timedOut, denied, http.STATUS_CODES[418], http.METHODS.includes("PATCH")];`,
    server.url,
    'import http from "node:http"; import https from "https";',
  );
  assertEquals(result, [
    200,
    "OK",
    "application/json",
    true,
    { a: [1, "ü"], b: null },
    "POST",
    "/echo?x=1",
    "hello!",
    "1, 2",
    "Basic dTpw",
    302,
    true,
    ["a=1", "b=2"],
    "mine",
    [
      "EACCES",
      'the task may not reach "example.com" (https, port 443): add it to allowedHosts',
    ],
    "I'm a Teapot",
    true,
  ]);
});

Deno.test("top-level code reaches no host", async () => {
  const code = `import { task } from "@capsule/sdk";
    const early = await fetch("http://127.0.0.1:81/").catch((e) => e.message);
    export const main = task({ name: "main", allowedHosts: ["*"] }, () => early);`;
  const { result } = await run({ ...OPTIONS, code });
  assertStringIncludes(String(result), "only while a task runs, not by top-level code");
});
