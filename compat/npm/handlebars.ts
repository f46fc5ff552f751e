/** Compiles a template with a helper, a partial and a loop. */
import { task } from "@capsule/sdk";
import Handlebars from "handlebars";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, () => {
  Handlebars.registerHelper("shout", (text: string) => text.toUpperCase());
  Handlebars.registerPartial("row", "<li>{{shout name}}</li>");
  const render = Handlebars.compile("<ul>{{#each people}}{{> row}}{{/each}}</ul>{{text}}");
  equal(
    render({ people: [{ name: "a" }, { name: "b" }], text: "<&>" }),
    "<ul><li>A</li><li>B</li></ul>&lt;&amp;&gt;",
  );
});
