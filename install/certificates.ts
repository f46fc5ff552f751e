/** CA certificates of this machine, and folders that can hold this user's cache. */
import { platform } from "../platform/mod.ts";
import { join } from "../platform/path.ts";

export { cacheFolder } from "../cache/place.ts";

/** All folders that this user's Capsule may use as its cache; this process's own is first. */
export function cacheFolders(): string[] {
  const [chosen, home, xdg] = ["CAPSULE_CACHE_DIR", "HOME", "XDG_CACHE_HOME"].map(platform.env);
  const own = home && join(home, ...(isMac() ? ["Library", "Caches"] : [".cache"]), "capsule");
  const folders = [chosen, isMac() ? undefined : xdg && join(xdg, "capsule"), own];
  return folders.filter((folder): folder is string => Boolean(folder));
}

function isMac(): boolean {
  return platform.target.startsWith("darwin");
}

/** Files with trusted CA certificates: `SSL_CERT_FILE`, else those of the system. */
export function certificateFiles(): string[] {
  const chosen = platform.env("SSL_CERT_FILE");
  return chosen ? [chosen] : SYSTEM_CERTIFICATES;
}

const SYSTEM_CERTIFICATES = [
  // Debian, Alpine and their derivatives.
  "/etc/ssl/certs/ca-certificates.crt",
  // Fedora and its derivatives.
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
  "/etc/pki/tls/certs/ca-bundle.crt",
  // openSUSE.
  "/etc/ssl/ca-bundle.pem",
  // macOS and the BSDs.
  "/etc/ssl/cert.pem",
];
