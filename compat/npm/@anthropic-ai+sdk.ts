/** Sends messages, at once and as a stream, by a server on loopback. */
import { task } from "@capsule/sdk";
import Anthropic from "@anthropic-ai/sdk";
import { equal, throws } from "../expect.ts";

export const main = task({ name: "main", allowedHosts: ["localhost"] }, async (base: string) => {
  const client = new Anthropic({ baseURL: base, apiKey: "none", maxRetries: 0 });
  const messages = [{ role: "user" as const, content: "hi" }];
  const request = { model: "m", max_tokens: 10, messages };
  const message = await client.messages.create(request);
  equal(message.content, [{ type: "text", text: "you said hi" }]);
  let text = "";
  const stream = client.messages.stream(request).on("text", (part) => text += part);
  equal((await stream.finalMessage()).stop_reason, "end_turn");
  equal(text, "you said hi");
  await throws(() => client.models.list(), /404/);
});
