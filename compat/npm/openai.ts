/** Completes a chat, at once and as a stream, by a server on loopback. */
import { task } from "@capsule/sdk";
import OpenAI from "openai";
import { equal, throws } from "../expect.ts";

export const main = task({ name: "main", allowedHosts: ["localhost"] }, async (base: string) => {
  const client = new OpenAI({ baseURL: `${base}/v1`, apiKey: "none", maxRetries: 0 });
  const messages = [{ role: "user" as const, content: "hi" }];
  const chat = await client.chat.completions.create({ model: "m", messages });
  equal(chat.choices[0]?.message.content, "you said hi");
  let text = "";
  const stream = await client.chat.completions.create({ model: "m", messages, stream: true });
  for await (const part of stream) text += part.choices[0]?.delta.content ?? "";
  equal(text, "you said hi");
  await throws(() => client.models.list(), /404/);
});
