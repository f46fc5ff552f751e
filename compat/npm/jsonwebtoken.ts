/** Signs and verifies tokens by a shared secret (HS256). */
import { task } from "@capsule/sdk";
import jwt from "jsonwebtoken";
import { equal, throws } from "../expect.ts";

export const main = task({ name: "main" }, async () => {
  const token = jwt.sign({ sub: "ada", admin: true }, "secret", { expiresIn: "1h" });
  const claims = jwt.verify(token, "secret") as jwt.JwtPayload;
  equal([claims.sub, claims.admin, claims.exp! - claims.iat!], ["ada", true, 3600]);
  equal(jwt.decode(token, { complete: true })?.header, { alg: "HS256", typ: "JWT" });
  await throws(() => jwt.verify(token, "wrong"), /invalid signature/);
});
