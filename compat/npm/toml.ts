/** Parses tables and dates. */
import { task } from "@capsule/sdk";
import toml from "toml";
import { equal, throws } from "../expect.ts";

export const main = task({ name: "main" }, async () => {
  const text =
    'title = "x"\n[owner]\nborn = 1979-05-27T07:32:00Z\n[[points]]\nx = 1\n[[points]]\nx = 2\n';
  equal(toml.parse(text), {
    title: "x",
    owner: { born: "1979-05-27T07:32:00.000Z" },
    points: [{ x: 1 }, { x: 2 }],
  });
  await throws(() => toml.parse("a = "), /./);
});
