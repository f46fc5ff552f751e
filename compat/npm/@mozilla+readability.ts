/** Finds the article of a page, with linkedom's document. */
import { task } from "@capsule/sdk";
import { Readability } from "@mozilla/readability";
import { parseHTML } from "linkedom";
import { equal } from "../expect.ts";

const PARAGRAPH = `<p>${
  "This is a sentence of the article, with commas, and more. ".repeat(10)
}</p>`;
const PAGE = `<html><head><title>The title</title></head><body><nav><a href="/">Home</a></nav>
  <article><h1>The title</h1>${
  PARAGRAPH.repeat(4)
}</article><footer>Imprint</footer></body></html>`;

export const main = task({ name: "main" }, () => {
  const article = new Readability(parseHTML(PAGE).document).parse();
  equal([article?.title, article?.textContent?.includes("Imprint")], ["The title", false]);
  equal(article!.length! > 2000, true);
});
