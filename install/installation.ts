/** Finds the parts of Capsule besides its sources: native library, engines, esbuild. Their places depend on the installer. */
import { CapsuleError } from "../errors/error.ts";
import { findLibraryBy } from "../ffi/loaded.ts";
import type { EngineSource, Language } from "../ffi/native.ts";
import { platform } from "../platform/mod.ts";
import { dirname, join } from "../platform/path.ts";
import type { WebInstallation } from "./web_installation.ts";

/** Dependencies are found from this file, so that packages of the user's project are never used instead. */
const ownUrl = urlOf(import.meta.url);
/** Without `new URL`, whose first use takes 0.2 ms. */
const ownFile = ownUrl.startsWith("file:")
  ? decodeURIComponent(ownUrl.slice("file://".length))
  : "/";
/** The folder of this file's package: a checkout, an npm package, or a wheel's bundle. */
const ownFolder = dirname(dirname(ownFile));

const SDK_PACKAGE = "@capsule/sdk";
/** The npm package with the native library and the engines. */
export const NATIVE_PACKAGE = `@capsule/native-${platform.target}`;

type Kind = "checkout" | "wheel" | "npm" | "web";

let web: WebInstallation | undefined;
let kindFound: Kind | undefined;
let builtFolderFound: string | undefined;
let libraryFound: string | undefined;
let sourcesFound: Record<Language, EngineSource> | undefined;

/** How Capsule was installed. */
function kind(): Kind {
  return kindFound ??= !ownUrl.startsWith("file:")
    ? "web"
    : platform.exists(join(ownFolder, "ffi", "native", "Cargo.toml"))
    ? "checkout"
    // A wheel has everything in its own folder.
    : platform.exists(join(ownFolder, "native"))
    ? "wheel"
    : "npm";
}

/**
 * For an installation from the web (JSR): finds the npm packages that it needs, and downloads them the first time. Must
 * be awaited before any other function of this file is called.
 *
 * @throws {CapsuleError} `installation`.
 */
export async function findInstallation(): Promise<void> {
  if (kind() !== "web" || web !== undefined) return;
  const { findWebInstallation } = await import("./web_installation.ts");
  web = await findWebInstallation(NATIVE_PACKAGE);
}

/** esbuild's executable: starting it takes a fifth of the time to load its JavaScript API. */
export function esbuildPath(): string {
  return existing("esbuild", esbuildFound());
}

function esbuildFound(): string {
  if (kind() === "web") return found().esbuild;
  if (kind() === "wheel") return join(ownFolder, "bin", "esbuild");
  const name = `@esbuild/${platform.target}`;
  // The executable's package is a dependency of esbuild, and not always visible from here.
  const esbuild = platform.packageFolder("esbuild", ownFile);
  const folder = esbuild && platform.packageFolder(name, join(esbuild, "package.json"));
  return folder === undefined ? name : join(folder, "bin", "esbuild");
}

/**
 * The command `capsule`, as a file or URL to start a process with. It is not looked up next to this file: if a bundler put
 * Capsule into the user's bundle, a file of that name is the user's.
 */
export function commandPath(): string {
  switch (kind()) {
    case "web":
      // Not `new URL`: Turbopack would bundle that file.
      return ownUrl.replace(/[^/]*\/[^/]*$/, "cli.ts");
    case "checkout":
      return existing("command", join(ownFolder, "cli.ts"));
    case "wheel":
      return existing("command", join(ownFolder, "dist", "cli.js"));
    default: {
      const folder = platform.packageFolder(SDK_PACKAGE, ownFile);
      return existing("command", folder ? join(folder, "dist", "cli.js") : SDK_PACKAGE);
    }
  }
}

/** The native library for this machine. */
export function libraryPath(): string {
  const name = platform.target.startsWith("darwin") ? "libcapsule.dylib" : "libcapsule.so";
  return libraryFound ??= existing("native library", join(builtFolder(), "native", name));
}

/** The components of the engines. */
export function engineSources(): Record<Language, EngineSource> {
  return sourcesFound ??= findEngines();
}

function findEngines(): Record<Language, EngineSource> {
  const folder = join(builtFolder(), "engines");
  const manifest = platform.readTextFile(join(folder, "engines.json"));
  if (manifest === undefined) throw missing("language engines", folder);
  const entries = JSON.parse(manifest) as Record<Language, Omit<EngineSource, "path">>;
  const source = (language: Language) => ({
    path: join(folder, `${language}.wasm`),
    ...entries[language],
  });
  return { javascript: source("javascript"), python: source("python") };
}

/** The WIT file with the imports and exports of the engines. */
export function worldPath(): string {
  return join(kind() === "web" ? builtFolder() : ownFolder, "engines", "wit", "world.wit");
}

/** The folder of the library and the engines: built here, or installed by pip or npm. */
function builtFolder(): string {
  return builtFolderFound ??= kind() === "web"
    ? found().folder
    : kind() === "wheel"
    ? ownFolder
    : kind() === "npm"
    ? platform.packageFolder(NATIVE_PACKAGE, ownFile) ?? join(ownFolder, "build")
    : join(ownFolder, "build");
}

/** The folders of a checkout that Capsule runs code from. */
const CHECKOUT = [
  ...[
    "build",
    "cache",
    "cli",
    "compiler",
    "dist",
    "engines",
    "errors",
    "ffi",
    "install",
    "node_modules",
  ],
  ...[
    "packages",
    "platform",
    "protocol",
    "python",
    "runner",
    "scripts",
    "sdk",
    "telemetry",
    "worker",
  ],
];
/** The dependencies of the npm package. */
const DEPENDENCIES = ["koffi", "esbuild", "smol-toml", "acorn", "semver", "jsonc-parser"];

/** The folders that Capsule runs code from. Guests must never be able to write to them. */
export function installationFolders(): string[] {
  switch (kind()) {
    case "web":
      return [found().folder, dirname(dirname(found().esbuild)), ...denoFolders()];
    case "wheel":
      // Includes the Python package around it.
      return [dirname(ownFolder)];
    case "checkout":
      return CHECKOUT.map((name) => join(ownFolder, name));
    default: {
      const names = [NATIVE_PACKAGE, `@esbuild/${platform.target}`, ...DEPENDENCIES];
      const folders = names.map((name) => platform.packageFolder(name, ownFile));
      return [ownFolder, ...folders.filter((folder) => folder !== undefined)];
    }
  }
}

/** Deno's caches of sources from the web. */
function denoFolders(): string[] {
  const [chosen, home] = [platform.env("DENO_DIR"), platform.env("HOME")];
  const own = platform.target.startsWith("darwin") ? "Library/Caches/deno" : ".cache/deno";
  const folders = [chosen, home && join(home, own)];
  return folders.filter((folder): folder is string => Boolean(folder));
}

/** `import.meta.url`, or the same from `__filename`: bundlers that write CommonJS leave `import.meta` empty. */
function urlOf(own: string | undefined): string {
  if (own !== undefined) return own;
  const file = typeof __filename === "string" ? __filename : "/";
  return `file://${encodeURI(file)}`;
}

declare const __filename: unknown;

function found(): WebInstallation {
  if (web !== undefined) return web;
  throw new CapsuleError("internal", "findInstallation() was not awaited");
}

const HINTS: Record<Kind, string> = {
  checkout: "scripts/capsule builds what is missing",
  wheel: "reinstall the package: pip install --force-reinstall capsule-sandbox",
  npm: `npm install --include=optional installs ${NATIVE_PACKAGE} and esbuild; ` +
    "if you bundle, mark @capsule/sdk as external (externals, serverExternalPackages)",
  web: `deno clean removes a damaged ${NATIVE_PACKAGE}; the next run downloads it again`,
};

function existing(what: string, path: string): string {
  if (!platform.exists(path)) throw missing(what, path);
  return path;
}

function missing(what: string, path: string): CapsuleError {
  return new CapsuleError("installation", `Cannot find the ${what} at "${path}"`, {
    hint: HINTS[kind()],
  });
}

findLibraryBy(libraryPath);
