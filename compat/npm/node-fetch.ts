/** Gets JSON, posts a form and reads a stream over HTTP. */
import { task } from "@capsule/sdk";
import fetch, { FormData, Headers } from "node-fetch";
import { equal, includes } from "../expect.ts";

export const main = task({ name: "main", allowedHosts: ["localhost"] }, async (base: string) => {
  const response = await fetch(`${base}/json`, { headers: new Headers({ accept: "text/json" }) });
  equal([response.status, await response.json()], [200, { items: [1, 2, 3], name: "ü" }]);
  const form = new FormData();
  form.set("field", "value");
  const sent = await (await fetch(`${base}/echo`, { method: "POST", body: form })).json();
  includes((sent as { body: string }).body, 'name="field"');
  let text = "";
  for await (const part of (await fetch(`${base}/text`)).body!) text += part;
  equal(text, "hello");
});
