/** Parses nested query strings, and writes them. */
import { task } from "@capsule/sdk";
import qs from "qs";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, () => {
  equal(qs.parse("a[b][c]=1&list[]=x&list[]=y&sp=a%20b"), {
    a: { b: { c: "1" } },
    list: ["x", "y"],
    sp: "a b",
  });
  equal(qs.stringify({ a: { b: [1, 2] } }, { encode: false }), "a[b][0]=1&a[b][1]=2");
});
