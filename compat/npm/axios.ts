/** Gets, posts and fails over HTTP, with interceptors. */
import { task } from "@capsule/sdk";
import axios from "axios";
import { equal, throws } from "../expect.ts";

export const main = task({ name: "main", allowedHosts: ["localhost"] }, async (base: string) => {
  const client = axios.create({ baseURL: base, headers: { "x-own": "1" }, timeout: 5000 });
  client.interceptors.request.use((config) => {
    config.headers.set("x-added", "2");
    return config;
  });
  equal((await client.get("/json")).data, { items: [1, 2, 3], name: "ü" });
  const { data, status } = await client.post("/echo", { a: 1 }, { params: { q: "x y" } });
  equal([status, data.method, data.body, data.query], [200, "POST", '{"a":1}', "?q=x+y"]);
  equal([data.headers["x-own"], data.headers["x-added"]], ["1", "2"]);
  equal(data.headers["content-type"], "application/json");
  await throws(() => client.get("/missing"), /status code 404/);
});
