/** Chains a prompt, a model of its own and a parser. */
import { task } from "@capsule/sdk";
import { StringOutputParser } from "@langchain/core/output_parsers";
import { ChatPromptTemplate } from "@langchain/core/prompts";
import { RunnableLambda } from "@langchain/core/runnables";
import { tool } from "@langchain/core/tools";
import { FakeListChatModel } from "@langchain/core/utils/testing";
import { z } from "zod";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, async () => {
  const prompt = ChatPromptTemplate.fromMessages([["system", "Be {tone}."], ["human", "{text}"]]);
  equal((await prompt.formatMessages({ tone: "kind", text: "hi" }))[0]?.content, "Be kind.");
  const chain = prompt
    .pipe(new FakeListChatModel({ responses: ["fine"] }))
    .pipe(new StringOutputParser())
    .pipe(RunnableLambda.from((text: string) => text.toUpperCase()));
  equal(await chain.invoke({ tone: "kind", text: "hi" }), "FINE");
  const add = tool(({ a, b }) => String(a + b), {
    name: "add",
    schema: z.object({ a: z.number(), b: z.number() }),
  });
  equal(await add.invoke({ a: 1, b: 2 }), "3");
});
