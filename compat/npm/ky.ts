/** Gets and posts JSON over HTTP, and tries again after a 503. */
import { task } from "@capsule/sdk";
import ky from "ky";
import { equal, throws } from "../expect.ts";

export const main = task({ name: "main", allowedHosts: ["localhost"] }, async (base: string) => {
  const api = ky.create({ retry: { limit: 1, delay: () => 1 } });
  equal(await api.get(`${base}/json`).json(), { items: [1, 2, 3], name: "ü" });
  const sent = await api.post(`${base}/echo`, { json: { a: 1 } }).json<{ body: string }>();
  equal(sent.body, '{"a":1}');
  equal(await api.get(`${base}/flaky?ky`).text(), "well again");
  await throws(() => api.get(`${base}/missing`), /404/);
});
