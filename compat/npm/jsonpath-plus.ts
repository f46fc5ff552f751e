/** Finds values by paths with filters. */
import { task } from "@capsule/sdk";
import { JSONPath } from "jsonpath-plus";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, () => {
  const json = { books: [{ title: "a", price: 5 }, { title: "b", price: 15 }] };
  equal(JSONPath({ path: "$.books[?(@.price > 10)].title", json }), ["b"]);
  equal(JSONPath({ path: "$..price", json }), [5, 15]);
});
