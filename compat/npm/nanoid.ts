/** Makes identifiers, of its alphabet and of another. */
import { task } from "@capsule/sdk";
import { customAlphabet, nanoid } from "nanoid";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, () => {
  equal([nanoid().length, /^[\w-]+$/.test(nanoid(10)), nanoid() === nanoid()], [21, true, false]);
  equal(/^[ab]{8}$/.test(customAlphabet("ab", 8)()), true);
});
