/** Marks up code by its language. */
import { task } from "@capsule/sdk";
import hljs from "highlight.js/lib/common";
import { equal } from "../expect.ts";

export const main = task({ name: "main", compute: "HIGH" }, () => {
  equal(
    hljs.highlight("let a = 1;", { language: "javascript" }).value,
    '<span class="hljs-keyword">let</span> a = <span class="hljs-number">1</span>;',
  );
  equal(hljs.highlightAuto("SELECT a FROM b WHERE c = 1").language, "sql");
});
