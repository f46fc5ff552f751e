/** Cryptography. */
import crypto from "node:crypto";
import { equal, throws } from "../expect.ts";
import type { Modules } from "./module.ts";

/** What a cipher gives of a text, and what its opposite gives of that. */
function around(algorithm: string, key: Buffer, iv: Buffer): [hex: string, text: string] {
  const cipher = crypto.createCipheriv(algorithm, key, iv);
  const sealed = Buffer.concat([cipher.update("secret", "utf8"), cipher.final()]);
  const decipher = crypto.createDecipheriv(algorithm, key, iv);
  return [sealed.toString("hex"), decipher.update(sealed) + decipher.final("utf8")];
}

export const secrets: Modules = {
  crypto: {
    tried: "hashes, createHmac, randomBytes, randomUUID, pbkdf2Sync, AES (CBC, CTR, GCM), subtle",
    async run() {
      const hash = (name: string) => crypto.createHash(name).update("a").update("b").digest("hex");
      equal(hash("md5"), "187ef4436122d1cc2f40dc2b92f0eba0");
      equal(hash("sha1"), "da23614e02469a0d7c7bd1bdab5c9c474b1904dc");
      equal(hash("sha256"), "fb8e20fc2e4c3f248c60c39bd652f3c1347298bb977b8b4d5903b85055620603");
      equal(hash("sha512").length, 128);
      equal(
        crypto.createHmac("sha256", "key").update("x").digest("base64"),
        "T8O36vNNfllKb1HZUXulQ6v0EGeydYf/2CujWE5NPN0=",
      );
      equal([crypto.randomBytes(8).length, crypto.randomInt(3) < 3], [8, true]);
      equal(/^[0-9a-f]{8}-[0-9a-f]{4}-4/.test(crypto.randomUUID()), true);
      equal(crypto.timingSafeEqual(Buffer.from("a"), Buffer.from("a")), true);
      const derived = crypto.pbkdf2Sync("password", "salt", 2, 20, "sha1").toString("hex");
      equal(derived, "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957");
      const [key, iv] = [Buffer.alloc(32, 1), Buffer.alloc(16, 2)];
      equal(around("aes-256-cbc", key, iv)[1], "secret");
      equal(around("aes-256-ctr", key, iv)[1], "secret");
      const gcm = crypto.createCipheriv("aes-256-gcm", key, iv.subarray(0, 12));
      const sealed = Buffer.concat([gcm.update("secret"), gcm.final()]);
      const opener = crypto.createDecipheriv("aes-256-gcm", key, iv.subarray(0, 12));
      opener.setAuthTag(gcm.getAuthTag());
      equal(String(opener.update(sealed)) + opener.final("utf8"), "secret");
      const digest = await crypto.subtle.digest("SHA-256", Buffer.from("ab"));
      equal(Buffer.from(digest).toString("hex"), hash("sha256"));
      await throws(() => crypto.createHash("nothing"), /nothing|not supported|Invalid digest/);
    },
  },
};
