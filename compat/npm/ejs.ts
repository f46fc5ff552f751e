/** Renders a template with code in it, synchronous and asynchronous. */
import { task } from "@capsule/sdk";
import ejs from "ejs";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, async () => {
  equal(ejs.render("<% for (const n of list) { %><%= n %>;<% } %>", { list: [1, "<"] }), "1;&lt;;");
  equal(
    await ejs.render("<%= await later %>", { later: Promise.resolve("x") }, { async: true }),
    "x",
  );
});
