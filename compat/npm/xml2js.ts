/** Parses XML by callbacks and promises, and builds some. */
import { task } from "@capsule/sdk";
import { Builder, parseStringPromise } from "xml2js";
import { equal, includes } from "../expect.ts";

export const main = task({ name: "main" }, async () => {
  equal(await parseStringPromise('<a x="1"><b>t</b></a>'), { a: { $: { x: "1" }, b: ["t"] } });
  includes(new Builder().buildObject({ root: { item: [1, 2] } }), "<item>2</item>");
});
