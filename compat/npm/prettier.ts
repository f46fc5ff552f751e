/** Formats TypeScript, CSS and Markdown. */
import { task } from "@capsule/sdk";
import * as estree from "prettier/plugins/estree";
import * as markdown from "prettier/plugins/markdown";
import * as postcss from "prettier/plugins/postcss";
import * as typescript from "prettier/plugins/typescript";
import { format } from "prettier/standalone";
import { equal } from "../expect.ts";

export const main = task({ name: "main", compute: "HIGH" }, async () => {
  const plugins = [estree, markdown, postcss, typescript];
  const code = "const a:number=1;function f( x ){return {x,y:[1,2]}}";
  equal(
    await format(code, { parser: "typescript", plugins }),
    "const a: number = 1;\nfunction f(x) {\n  return { x, y: [1, 2] };\n}\n",
  );
  equal(await format("a{b:c}", { parser: "css", plugins }), "a {\n  b: c;\n}\n");
  equal(await format("* a\n* b", { parser: "markdown", plugins }), "- a\n- b\n");
});
