import { CapsuleError } from "../errors.ts";
import type { EngineSource, Language } from "../ffi/native.ts";
import { platform } from "../platform/mod.ts";
import { join } from "../platform/path.ts";

/** The folder that this file's package lies in. */
const packageFolder = new URL("../", import.meta.url).pathname;

/** esbuild's own program: starting it costs a fifth of loading its JavaScript API. */
export function esbuildPath(): string {
  const path = join(packageFolder, "node_modules", "@esbuild", platform.target, "bin", "esbuild");
  if (platform.stat(path) === undefined) throw missing("esbuild", path);
  return path;
}

/** The native library for this machine. */
export function libraryPath(): string {
  const name = platform.target.startsWith("darwin") ? "libcapsule.dylib" : "libcapsule.so";
  const path = join(packageFolder, "build", "native", name);
  if (platform.stat(path) === undefined) throw missing("native library", path);
  return path;
}

/** The engines' components. */
export function engineSources(): Record<Language, EngineSource> {
  const folder = join(packageFolder, "build", "engines");
  const manifest = platform.readTextFile(join(folder, "engines.json"));
  if (manifest === undefined) throw missing("language engines", folder);
  const digests = JSON.parse(manifest) as Record<Language, string>;
  const source = (language: Language) => ({
    path: join(folder, `${language}.wasm`),
    digest: digests[language],
  });
  return { javascript: source("javascript"), python: source("python") };
}

/** What engines import and export. */
export function worldPath(): string {
  return join(packageFolder, "engines", "wit", "world.wit");
}

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

/** A folder for files of a moment, inside the cache. */
export function temporaryFolder(): string {
  const folder = join(cacheFolder(), "tmp");
  platform.makeFolder(folder, 0o700);
  return folder;
}

function missing(what: string, path: string): CapsuleError {
  return new CapsuleError("installation", `Cannot find the ${what} at "${path}"`, {
    hint: "scripts/capsule builds what is missing",
  });
}
