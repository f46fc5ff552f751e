/**
 * Makes a picture.
 *
 * Fails: sharp is native code.
 */
import { task } from "@capsule/sdk";
import sharp from "sharp";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, async () => {
  const create = { width: 2, height: 2, channels: 3 as const, background: "red" };
  equal((await sharp({ create }).png().toBuffer()).length > 0, true);
});
