/** Requests by HTTP, to the server on loopback. */
import http from "node:http";
import https from "node:https";
import type { IncomingMessage } from "node:http";
import { equal, throws } from "../expect.ts";
import type { Modules } from "./module.ts";

/** Sends a request, and gives its status and what came back. */
function send(
  url: string,
  options: http.RequestOptions = {},
  body?: string,
): Promise<[status: number | undefined, text: string]> {
  return new Promise((resolve, reject) => {
    const request = http.request(url, options, async (response: IncomingMessage) => {
      let text = "";
      for await (const part of response) text += part;
      resolve([response.statusCode, text]);
    });
    request.on("error", reject);
    request.end(body);
  });
}

export const network: Modules = {
  http: {
    tried: "get, request with body and headers, statuses, Agent, STATUS_CODES; no server",
    async run(server) {
      equal(await send(`${server}/text`), [200, "hello"]);
      const headers = { "x-own": "1", "content-type": "text/plain" };
      const [, text] = await send(`${server}/echo?a=1`, { method: "POST", headers }, "body");
      const echo = JSON.parse(text);
      equal([echo.method, echo.query, echo.body, echo.headers["x-own"]], [
        "POST",
        "?a=1",
        "body",
        "1",
      ]);
      equal((await send(`${server}/missing`))[0], 404);
      equal([http.STATUS_CODES[404], typeof new http.Agent()], ["Not Found", "object"]);
      const response = await new Promise<IncomingMessage>((resolve) =>
        http.get(`${server}/json`, resolve)
      );
      equal(response.headers["content-type"], "application/json");
      response.resume();
      await throws(() => http.createServer(), /node:http/);
    },
  },
  https: {
    tried: "request of a server that speaks no TLS, which fails; Agent",
    async run(server) {
      const url = server.replace("http:", "https:");
      const error = await new Promise((resolve) =>
        https.get(url, () => resolve("an answer")).on("error", resolve)
      );
      equal([error instanceof Error, typeof new https.Agent()], [true, "object"]);
    },
  },
};
