import { CapsuleError } from "../errors.ts";
import type { EngineSource, Language } from "../ffi/native.ts";
import { platform } from "../platform/mod.ts";
import { dirname, join } from "../platform/path.ts";

/** This file, which finds what its own package depends on, whatever the project of the user has. */
const ownFile = decodeURIComponent(new URL(import.meta.url).pathname);
/** The folder that this file's package lies in: a checkout, a package of npm, or the bundle of a wheel. */
const ownFolder = dirname(dirname(ownFile));

/** esbuild's own program: starting it costs a fifth of loading its JavaScript API. */
export function esbuildPath(): string {
  if (isWhole()) return existing("esbuild", join(ownFolder, "bin", "esbuild"));
  const name = `@esbuild/${platform.target}`;
  // Who has esbuild has the other one as well, but not always where everybody finds it.
  const esbuild = platform.packageFolder("esbuild", ownFile);
  const folder = esbuild && platform.packageFolder(name, join(esbuild, "package.json"));
  const path = folder && join(folder, "bin", "esbuild");
  return existing("esbuild", path ?? name);
}

/**
 * The command `capsule`, as a file to start a process with. A file of that name beside this one may be the
 * user's, where a bundler has made one file of a program and Capsule.
 */
export function commandPath(): string {
  const folder = isCheckout() ? ownFolder : platform.packageFolder(SDK_PACKAGE, ownFile);
  const path = folder && join(folder, ...isCheckout() ? ["cli.ts"] : ["dist", "cli.js"]);
  if (path === undefined || platform.stat(path) === undefined) {
    throw missing("command", path ?? SDK_PACKAGE);
  }
  return path;
}

/** The native library for this machine. */
export function libraryPath(): string {
  const name = platform.target.startsWith("darwin") ? "libcapsule.dylib" : "libcapsule.so";
  return existing("native library", join(builtFolder(), "native", name));
}

/** The engines' components. */
export function engineSources(): Record<Language, EngineSource> {
  const folder = join(builtFolder(), "engines");
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
  return join(ownFolder, "engines", "wit", "world.wit");
}

/** Where the library and the engines lie: as they were built here, or as pip or npm has brought them. */
function builtFolder(): string {
  if (builtFolderFound !== undefined) return builtFolderFound;
  if (isWhole()) return builtFolderFound = ownFolder;
  const installed = isCheckout() ? undefined : platform.packageFolder(NATIVE_PACKAGE, ownFile);
  return builtFolderFound = installed ?? join(ownFolder, "build");
}

let builtFolderFound: string | undefined;

/** Whether this package has everything in its own folder, and looks nowhere else: a wheel does. */
function isWhole(): boolean {
  return platform.stat(join(ownFolder, "native")) !== undefined;
}

function isCheckout(): boolean {
  return platform.stat(join(ownFolder, "ffi", "native", "Cargo.toml")) !== undefined;
}

const SDK_PACKAGE = "@capsule/sdk";
const NATIVE_PACKAGE = `@capsule/native-${platform.target}`;

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

function existing(what: string, path: string): string {
  if (platform.stat(path) === undefined) throw missing(what, path);
  return path;
}

function missing(what: string, path: string): CapsuleError {
  return new CapsuleError("installation", `Cannot find the ${what} at "${path}"`, {
    hint: isCheckout()
      ? "scripts/capsule builds what is missing"
      : isWhole()
      ? "pip install --force-reinstall capsule-sdk brings it"
      : `npm install --include=optional brings it, in ${NATIVE_PACKAGE} or esbuild's own package`,
  });
}
