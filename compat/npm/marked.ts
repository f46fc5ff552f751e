/** Renders lists, tables and code of Markdown. */
import { task } from "@capsule/sdk";
import { marked } from "marked";
import { equal, includes } from "../expect.ts";

export const main = task({ name: "main" }, async () => {
  equal(marked.parse("# Hi *you*"), "<h1>Hi <em>you</em></h1>\n");
  const html = await marked.parse("| a | b |\n|---|--:|\n| 1 | 2 |\n\n```js\n1 < 2\n```\n");
  includes(html, '<td align="right">2</td>');
  includes(html, '<code class="language-js">1 &lt; 2');
});
