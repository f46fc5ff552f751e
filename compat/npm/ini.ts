/** Parses sections and lists, and writes them. */
import { task } from "@capsule/sdk";
import { parse, stringify } from "ini";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, () => {
  equal(parse("; comment\nroot=1\n[a.b]\nx=true\nlist[]=1\nlist[]=2\n"), {
    root: "1",
    a: { b: { x: true, list: ["1", "2"] } },
  });
  equal(stringify({ s: { k: "v" } }), "[s]\nk=v\n");
});
