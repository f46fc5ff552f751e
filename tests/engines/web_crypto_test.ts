/** What the engine computes is what Node computes from the same lines. */
import { runOrThrow as run } from "../support/support.ts";
import { assertEquals } from "../support/assert.ts";

/** Runs the body of an asynchronous function in a sandbox, and in Node. */
async function inBoth(body: string): Promise<[unknown, unknown]> {
  const code = `import { task } from "@capsule/sdk"; import crypto from "node:crypto";
    export const main = task({ name: "main", compute: "HIGH" }, async () => { const { subtle } = globalThis.crypto; ${body} });`;
  const inSandbox = await run({ code, language: "typescript" });
  if (!inSandbox.success) throw new Error(JSON.stringify(inSandbox.error));
  const script = `const crypto = require("node:crypto"); const { subtle } = crypto.webcrypto;
    (async () => { ${body} })().then((value) => console.log(JSON.stringify(value)));`;
  const node = await new Deno.Command("node", { args: ["-e", script] }).output();
  return [inSandbox.result, JSON.parse(new TextDecoder().decode(node.stdout))];
}

Deno.test("SubtleCrypto digests, signs, encrypts and derives", async () => {
  const [result, expected] = await inBoth(`
    const text = (value) => new TextEncoder().encode(value);
    const hex = (buffer) => Buffer.from(buffer).toString('hex');
    const secret = text("0123456789abcdef");
    const iv = text("fedcba9876543210");
    const results = {};
    for (const name of ["SHA-1", "sha-256", "SHA-384", { name: "SHA-512" }]) {
      results[JSON.stringify(name)] = hex(await subtle.digest(name, text("abc")));
    }
    for (const hash of ["SHA-1", "SHA-256", "SHA-512"]) {
      const key = await subtle.importKey("raw", secret, { name: "HMAC", hash }, true, ["verify", "sign"]);
      const signature = await subtle.sign("HMAC", key, text("data"));
      results["HMAC " + hash] = [hex(signature), await subtle.verify("HMAC", key, signature, text("data")),
        await subtle.verify("HMAC", key, signature, text("date")), await subtle.verify("HMAC", key, new Uint8Array(3), text("data")),
        await subtle.exportKey("jwk", key), key.algorithm, key.usages, key.type, key.extractable];
    }
    const ciphers = [{ name: "AES-CBC", iv }, { name: "AES-GCM", iv: iv.subarray(4) },
      { name: "AES-GCM", iv, additionalData: text("more") }, { name: "AES-CTR", counter: iv, length: 64 }];
    for (const [index, algorithm] of ciphers.entries()) {
      const key = await subtle.importKey("raw", secret, algorithm.name, true, ["encrypt", "decrypt"]);
      const sealed = await subtle.encrypt(algorithm, key, text("a secret of more than one block"));
      results["cipher " + index] = [hex(sealed), new TextDecoder().decode(await subtle.decrypt(algorithm, key, sealed)),
        await subtle.exportKey("jwk", key)];
    }
    const base = { raw: (name) => subtle.importKey("raw", text("password"), name, false, ["deriveBits", "deriveKey"]) };
    const pbkdf2 = { name: "PBKDF2", hash: "SHA-256", salt: iv, iterations: 100 };
    const hkdf = { name: "HKDF", hash: "SHA-384", salt: iv, info: text("info") };
    for (const algorithm of [pbkdf2, hkdf]) {
      const from = await base.raw(algorithm.name);
      const key = await subtle.deriveKey(algorithm, from, { name: "AES-GCM", length: 256 }, true, ["encrypt"]);
      results[algorithm.name] = [hex(await subtle.deriveBits(algorithm, from, 264)), hex(await subtle.exportKey("raw", key))];
    }
    const wrapping = await subtle.importKey("raw", secret, "AES-KW", false, ["wrapKey", "unwrapKey"]);
    const inner = await subtle.importKey("jwk", { kty: "oct", k: "MDEyMzQ1Njc4OWFiY2RlZg" }, "AES-CBC", true, ["encrypt"]);
    const wrapped = await subtle.wrapKey("raw", inner, wrapping, "AES-KW");
    const unwrapped = await subtle.unwrapKey("raw", wrapped, wrapping, "AES-KW", "AES-CBC", true, ["encrypt"]);
    results.wrapped = [hex(wrapped), hex(await subtle.exportKey("raw", unwrapped))];
    const made = await subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, true, ["sign"]);
    results.made = [made.algorithm, (await subtle.exportKey("raw", made)).byteLength];
    return results;`);
  assertEquals(result, expected);
});

Deno.test("SubtleCrypto refuses by the errors of the specification", async () => {
  const [result, expected] = await inBoth(`
    const secret = new Uint8Array(16);
    const only = (...usages) => subtle.importKey("raw", secret, "AES-GCM", false, usages);
    const sealing = await only("encrypt");
    const tries = [
      () => subtle.digest("MD5", secret),
      () => subtle.digest("SHA-256", "text"),
      () => subtle.encrypt("HMAC", sealing, secret),
      () => subtle.encrypt({ name: "AES-CBC", iv: secret }, sealing, secret),
      () => subtle.decrypt({ name: "AES-GCM", iv: secret }, sealing, secret),
      async () => subtle.decrypt({ name: "AES-GCM", iv: secret }, await only("decrypt"), new Uint8Array(20)),
      () => subtle.exportKey("raw", sealing),
      () => subtle.importKey("raw", new Uint8Array(5), "AES-GCM", false, ["encrypt"]),
      () => subtle.importKey("raw", secret, "AES-GCM", false, ["sign"]),
      () => subtle.importKey("raw", secret, "AES-GCM", false, []),
      () => subtle.importKey("jwk", { kty: "EC" }, "AES-GCM", false, ["encrypt"]),
      () => subtle.importKey("raw", secret, "PBKDF2", true, ["deriveBits"]),
      () => subtle.generateKey({ name: "AES-GCM", length: 100 }, false, ["encrypt"]),
      () => subtle.encrypt({ name: "AES-CTR", counter: secret, length: 0 }, sealing, secret),
    ];
    return Promise.all(tries.map((attempt) => attempt().then(() => "none",
      // Node 20 calls one of them by a name of its own.
      (error) => error.name.replace("Exception", "Error"))));`);
  assertEquals(result, expected);
});

Deno.test("node:crypto encrypts and decrypts with AES", async () => {
  const [result, expected] = await inBoth(`
    const results = {};
    for (const name of ["aes-128-cbc", "AES-256-CBC", "aes-192-ctr", "aes-256-gcm", "aes-128-ecb"]) {
      const key = Buffer.alloc(Number(name.split("-")[1]) / 8, "k");
      const iv = name.includes("ecb") ? null : Buffer.alloc(name.includes("gcm") ? 12 : 16, "i");
      const cipher = crypto.createCipheriv(name, key, iv);
      if (name.includes("gcm")) cipher.setAAD(Buffer.from("more"));
      const sealed = Buffer.concat([cipher.update("a secret of ", "utf8"), cipher.update("more than one block"), cipher.final()]);
      const open = crypto.createDecipheriv(name, key, iv);
      if (name.includes("gcm")) open.setAAD(Buffer.from("more")).setAuthTag(cipher.getAuthTag());
      results[name] = [sealed.toString("hex"), open.update(sealed, null, "utf8") + open.final("utf8")];
    }
    const key = Buffer.alloc(16);
    const damaged = crypto.createDecipheriv("aes-128-gcm", key, Buffer.alloc(12)).setAuthTag(Buffer.alloc(16));
    const tries = [() => crypto.createCipheriv("nope", key, key), () => crypto.createCipheriv("aes-256-cbc", key, key),
      () => crypto.createCipheriv("aes-128-cbc", key, key.subarray(4)), () => { damaged.update(key); damaged.final(); }];
    results.errors = tries.map((attempt) => { try { return attempt(); } catch (error) { return error.constructor.name; } });
    return results;`);
  assertEquals(result, expected);
});
