/** Turns HTML into Markdown. */
import { task } from "@capsule/sdk";
import TurndownService from "turndown";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, () => {
  const turndown = new TurndownService({ headingStyle: "atx", bulletListMarker: "-" });
  equal(
    turndown.turndown(
      '<h1>T</h1><p>a <b>b</b> <a href="https://x.com">c</a></p><pre><code>1</code></pre>',
    ),
    "# T\n\na **b** [c](https://x.com)\n\n```\n1\n```".replaceAll("```\n1\n```", "    1"),
  );
});
