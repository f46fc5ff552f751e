/** Generates text and streams it, by a model of the package's own. */
import { task } from "@capsule/sdk";
import { generateText, simulateReadableStream, streamText } from "ai";
import { MockLanguageModelV3 } from "ai/test";
import { equal } from "../expect.ts";

const usage = {
  inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 1, text: 1, reasoning: 0 },
};
const finishReason = { unified: "stop" as const, raw: "stop" };

export const main = task({ name: "main" }, async () => {
  const model = new MockLanguageModelV3({
    doGenerate: { content: [{ type: "text", text: "fine" }], finishReason, usage, warnings: [] },
    doStream: {
      stream: simulateReadableStream({
        chunks: [
          { type: "text-start", id: "1" },
          { type: "text-delta", id: "1", delta: "fi" },
          { type: "text-delta", id: "1", delta: "ne" },
          { type: "text-end", id: "1" },
          { type: "finish", finishReason, usage },
        ],
      }),
    },
  });
  equal((await generateText({ model, prompt: "how?" })).text, "fine");
  let text = "";
  for await (const part of streamText({ model, prompt: "how?" }).textStream) text += part;
  equal(text, "fine");
});
