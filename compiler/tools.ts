/** What Capsule needs of the machine besides its own files. */
import { CapsuleError } from "../errors.ts";
import { platform } from "../platform/mod.ts";
import { join } from "../platform/path.ts";

/**
 * Where this user's Capsule keeps what it made: machine code, images, the index of programs. It belongs
 * to this user alone.
 */
export function cacheFolder(): string {
  const chosen = platform.env("CAPSULE_CACHE_DIR");
  if (chosen) return chosen;
  const home = platform.env("HOME");
  const base = platform.target.startsWith("darwin")
    ? home && join(home, "Library", "Caches")
    : platform.env("XDG_CACHE_HOME") || (home && join(home, ".cache"));
  if (!base) {
    throw new CapsuleError("installation", "Cannot find a cache folder: HOME is not set", {
      hint: "set CAPSULE_CACHE_DIR to a folder that only you can write to",
    });
  }
  return join(base, "capsule");
}

/** Whom https trusts: `SSL_CERT_FILE`, else the file that the system keeps. */
export function certificateFiles(): string[] {
  const chosen = platform.env("SSL_CERT_FILE");
  return chosen ? [chosen] : SYSTEM_CERTIFICATES;
}

const SYSTEM_CERTIFICATES = [
  // Debian, Alpine and what comes from them.
  "/etc/ssl/certs/ca-certificates.crt",
  // Fedora and its relatives.
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
  "/etc/pki/tls/certs/ca-bundle.crt",
  // openSUSE.
  "/etc/ssl/ca-bundle.pem",
  // macOS, and the BSDs.
  "/etc/ssl/cert.pem",
];
