/** Certificates for servers on loopback, signed by an authority that nobody knows but the test. */
import "reflect-metadata";
import * as x509 from "@peculiar/x509";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const DAY_MS = 24 * 60 * 60 * 1000;

/** A new authority. */
export interface Authority {
  /** PEM. */
  certificate: string;
  /** A certificate for names and addresses, with its key, both PEM. */
  issue(names: string[], days?: number): Promise<{ cert: string; key: string }>;
}

export async function authority(): Promise<Authority> {
  x509.cryptoProvider.set(crypto);
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: "01",
    name: "CN=Test authority",
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + DAY_MS),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
    ],
  });
  return {
    certificate: root.toString("pem"),
    async issue(names, days = 1) {
      const own = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
      const certificate = await x509.X509CertificateGenerator.create({
        serialNumber: "02",
        subject: `CN=${names[0]}`,
        issuer: root.subject,
        notBefore: new Date(Date.now() - 2 * DAY_MS),
        notAfter: new Date(Date.now() + days * DAY_MS),
        signingAlgorithm: ALGORITHM,
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        extensions: [
          new x509.SubjectAlternativeNameExtension(
            names.map((value) => ({
              type: /^[\d.]+$/.test(value) ? "ip" as const : "dns" as const,
              value,
            })),
          ),
        ],
      });
      const key = await crypto.subtle.exportKey("pkcs8", own.privateKey);
      const base64 = new Uint8Array(key).toBase64().replaceAll(/.{64}/g, "$&\n");
      return {
        cert: certificate.toString("pem"),
        key: `-----BEGIN PRIVATE KEY-----\n${base64}\n-----END PRIVATE KEY-----\n`,
      };
    },
  };
}
