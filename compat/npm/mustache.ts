/** Renders sections, partials and escaped text. */
import { task } from "@capsule/sdk";
import Mustache from "mustache";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, () => {
  const view = { items: [{ n: 1 }, { n: 2 }], none: [], html: "<b>" };
  const template = "{{#items}}{{>part}}{{/items}}{{^none}}nothing{{/none}} {{html}} {{{html}}}";
  equal(Mustache.render(template, view, { part: "[{{n}}]" }), "[1][2]nothing &lt;b&gt; <b>");
});
