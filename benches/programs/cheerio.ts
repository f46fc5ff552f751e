import { task } from "@capsule/sdk";
import { load } from "cheerio/slim";

export const main = task(
  { name: "main" },
  () => load("<ul><li>a</li><li>b</li></ul>")("li").text(),
);
