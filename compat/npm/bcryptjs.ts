/** Hashes and compares a password. */
import { task } from "@capsule/sdk";
import bcrypt from "bcryptjs";
import { equal } from "../expect.ts";

export const main = task({ name: "main", compute: "HIGH" }, async () => {
  const hash = await bcrypt.hash("s3cret", 4);
  equal([await bcrypt.compare("s3cret", hash), bcrypt.compareSync("other", hash)], [true, false]);
  equal(bcrypt.getRounds(hash), 4);
});
