/** Signs (Ed25519) and seals messages. */
import { task } from "@capsule/sdk";
import nacl from "tweetnacl";
import { equal } from "../expect.ts";

export const main = task({ name: "main", compute: "HIGH" }, () => {
  const message = new TextEncoder().encode("hello");
  const { publicKey, secretKey } = nacl.sign.keyPair();
  const signature = nacl.sign.detached(message, secretKey);
  equal(nacl.sign.detached.verify(message, signature, publicKey), true);
  const [key, nonce] = [nacl.randomBytes(32), nacl.randomBytes(24)];
  const opened = nacl.secretbox.open(nacl.secretbox(message, nonce, key), nonce, key)!;
  equal(new TextDecoder().decode(opened), "hello");
  equal(
    nacl.secretbox.open(nacl.secretbox(message, nonce, key), nonce, nacl.randomBytes(32)),
    null,
  );
});
