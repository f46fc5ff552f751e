/** Parses by a pipe of checks, and flattens what is wrong. */
import { task } from "@capsule/sdk";
import * as v from "valibot";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, () => {
  const Login = v.object({
    email: v.pipe(v.string(), v.email("no email")),
    tags: v.optional(v.array(v.string()), []),
  });
  equal(v.parse(Login, { email: "a@b.co" }), { email: "a@b.co", tags: [] });
  const { issues } = v.safeParse(Login, { email: "x" });
  equal(v.flatten(issues!).nested, { email: ["no email"] });
});
