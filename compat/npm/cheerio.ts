/** Reads a page by selectors, and changes it. */
import { task } from "@capsule/sdk";
import * as cheerio from "cheerio";
import { equal } from "../expect.ts";

const PAGE = `<ul id="fruits"><li class="apple">Apple</li><li class="pear">Pear &amp; plum</li></ul>
  <table><tr><td>1</td><td>2</td></tr></table>`;

export const main = task({ name: "main" }, () => {
  const $ = cheerio.load(PAGE);
  equal($("li").map((_, item) => $(item).text()).get(), ["Apple", "Pear & plum"]);
  equal($("#fruits > li:nth-child(2)").attr("class"), "pear");
  $("li.apple").addClass("sold").text("Gone");
  equal($("li.apple").toString(), '<li class="apple sold">Gone</li>');
  equal($.extract({ cells: ["td"] }), { cells: ["1", "2"] });
});
