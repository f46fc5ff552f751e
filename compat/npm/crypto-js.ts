/** Hashes, signs and encrypts (AES), in JavaScript of its own. */
import { task } from "@capsule/sdk";
import CryptoJS from "crypto-js";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, () => {
  equal(CryptoJS.SHA256("abc").toString().slice(0, 16), "ba7816bf8f01cfea");
  equal(
    CryptoJS.HmacSHA1("x", "key").toString(CryptoJS.enc.Base64),
    "KgDo6DQ9+GxMGIsmPuyjMa+jFUg=",
  );
  const sealed = CryptoJS.AES.encrypt("a message", "passphrase").toString();
  equal(CryptoJS.AES.decrypt(sealed, "passphrase").toString(CryptoJS.enc.Utf8), "a message");
});
