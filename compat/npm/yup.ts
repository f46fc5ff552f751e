/** Casts and validates an object, asynchronously. */
import { task } from "@capsule/sdk";
import * as yup from "yup";
import { equal, throws } from "../expect.ts";

export const main = task({ name: "main" }, async () => {
  const schema = yup.object({
    name: yup.string().trim().required(),
    age: yup.number().positive().integer().default(1),
    site: yup.string().url(),
  });
  equal(await schema.validate({ name: " Ada ", site: "https://x.com" }), {
    site: "https://x.com",
    age: 1,
    name: "Ada",
  });
  await throws(() => schema.validate({ name: "A", age: -1 }), /age must be a positive number/);
});
