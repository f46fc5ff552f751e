/** Parses an object by a schema, and refuses another. */
import { task } from "@capsule/sdk";
import { z } from "zod";
import { equal } from "../expect.ts";

const User = z.object({
  name: z.string().trim().min(2),
  email: z.email(),
  age: z.coerce.number().int().positive().optional(),
  role: z.enum(["admin", "user"]).default("user"),
});

export const main = task({ name: "main" }, () => {
  equal(User.parse({ name: " Ada ", email: "ada@x.com", age: "36" }), {
    name: "Ada",
    email: "ada@x.com",
    age: 36,
    role: "user",
  });
  const { error } = User.safeParse({ name: "A", email: "nobody", role: "guest" });
  equal(error?.issues.map(({ path }) => path.join(".")), ["name", "email", "role"]);
  equal(z.toJSONSchema(User).required, ["name", "email", "role"]);
});
