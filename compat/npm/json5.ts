/** Parses JSON with comments and trailing commas. */
import { task } from "@capsule/sdk";
import JSON5 from "json5";
import { equal, throws } from "../expect.ts";

export const main = task({ name: "main" }, async () => {
  equal(JSON5.parse("{a: 'x', /* note */ b: [+1, 0xF,],}"), { a: "x", b: [1, 15] });
  equal(JSON5.stringify({ a: 1, "b c": "it's" }), `{a:1,'b c':"it's"}`);
  await throws(() => JSON5.parse("{a:"), /1:4/);
});
