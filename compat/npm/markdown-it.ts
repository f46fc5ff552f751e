/** Renders Markdown, with links and a rule of its own. */
import { task } from "@capsule/sdk";
import MarkdownIt from "markdown-it";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, () => {
  const renderer = new MarkdownIt({ linkify: true, typographer: true });
  equal(
    renderer.render('"Hi" https://x.com'),
    '<p>“Hi” <a href="https://x.com">https://x.com</a></p>\n',
  );
  renderer.renderer.rules.strong_open = () => "<b>";
  renderer.renderer.rules.strong_close = () => "</b>";
  equal(renderer.renderInline("**x** ~~y~~"), "<b>x</b> <s>y</s>");
});
