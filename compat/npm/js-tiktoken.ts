/** Counts tokens as a model does. */
import { task } from "@capsule/sdk";
import { Tiktoken } from "js-tiktoken/lite";
import ranks from "js-tiktoken/ranks/cl100k_base";
import { equal } from "../expect.ts";

const encoding = new Tiktoken(ranks);

export const main = task({ name: "main" }, () => {
  const tokens = encoding.encode("hello world");
  equal(tokens, [15339, 1917]);
  equal(encoding.decode(tokens), "hello world");
});
