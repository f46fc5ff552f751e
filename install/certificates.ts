/** What Capsule needs of the machine besides its own files. */
import { platform } from "../platform/mod.ts";
import { join } from "../platform/path.ts";

export { cacheFolder } from "../cache/place.ts";

/** All places where this user's Capsule may keep its cache, the one of this process first. */
export function cacheFolders(): string[] {
  const [chosen, home, xdg] = ["CAPSULE_CACHE_DIR", "HOME", "XDG_CACHE_HOME"].map(platform.env);
  const own = home && join(home, ...(isMac() ? ["Library", "Caches"] : [".cache"]), "capsule");
  const folders = [chosen, isMac() ? undefined : xdg && join(xdg, "capsule"), own];
  return folders.filter((folder): folder is string => Boolean(folder));
}

function isMac(): boolean {
  return platform.target.startsWith("darwin");
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
