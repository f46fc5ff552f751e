/** Counts, plucks and chains. */
import { task } from "@capsule/sdk";
import _ from "underscore";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, () => {
  equal(_.countBy([1, 2, 3], (n) => n % 2 ? "odd" : "even"), { odd: 2, even: 1 });
  equal(_.chain([3, 1, 2]).sortBy().map((n) => n * 2).value(), [2, 4, 6]);
  equal(_.template("<%- text %>")({ text: "<b>" }), "&lt;b&gt;");
});
