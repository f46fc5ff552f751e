/** Turns titles into names of addresses. */
import { task } from "@capsule/sdk";
import slugify from "slugify";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, () => {
  equal(slugify("Crème Brûlée & Söhne!", { lower: true, strict: true }), "creme-brulee-and-sohne");
  equal(slugify("schön", { locale: "de" }), "schoen");
});
