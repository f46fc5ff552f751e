/** Signs and verifies tokens by a shared secret (HS256), by crypto.subtle. */
import { task } from "@capsule/sdk";
import { decodeProtectedHeader, jwtVerify, SignJWT } from "jose";
import { equal, throws } from "../expect.ts";

export const main = task({ name: "main" }, async () => {
  const secret = new TextEncoder().encode("a secret that is long enough, 32 bytes");
  const token = await new SignJWT({ admin: true })
    .setProtectedHeader({ alg: "HS256" })
    .setSubject("ada")
    .setExpirationTime("2h")
    .sign(secret);
  equal(decodeProtectedHeader(token), { alg: "HS256" });
  const { payload } = await jwtVerify(token, secret);
  equal([payload.sub, payload.admin], ["ada", true]);
  const wrong = new TextEncoder().encode("another secret, of 32 bytes or more");
  await throws(() => jwtVerify(token, wrong), /signature verification failed/);
});
