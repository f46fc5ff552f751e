/** What Capsule consists of besides its sources, and where that lies: it depends on who has installed it. */
import { CapsuleError } from "../errors/error.ts";
import { findLibraryBy } from "../ffi/loaded.ts";
import type { EngineSource, Language } from "../ffi/native.ts";
import { platform } from "../platform/mod.ts";
import { dirname, join } from "../platform/path.ts";
import type { WebInstallation } from "./web_installation.ts";

/** This file, which finds what its own package depends on, whatever the project of the user has. */
const ownUrl = urlOf(import.meta.url);
/** `new URL` takes a start 0.2 ms. */
const ownFile = ownUrl.startsWith("file:")
  ? decodeURIComponent(ownUrl.slice("file://".length))
  : "/";
/** The folder that this file's package lies in: a checkout, a package of npm, or the bundle of a wheel. */
const ownFolder = dirname(dirname(ownFile));

const SDK_PACKAGE = "@capsule/sdk";
/** What is machine code, and the engines. */
export const NATIVE_PACKAGE = `@capsule/native-${platform.target}`;

type Kind = "checkout" | "wheel" | "npm" | "web";

let web: WebInstallation | undefined;
let kindFound: Kind | undefined;
let builtFolderFound: string | undefined;
let libraryFound: string | undefined;
let sourcesFound: Record<Language, EngineSource> | undefined;

/** Where these sources come from. */
function kind(): Kind {
  return kindFound ??= !ownUrl.startsWith("file:")
    ? "web"
    : platform.exists(join(ownFolder, "ffi", "native", "Cargo.toml"))
    ? "checkout"
    // A wheel has everything in its own folder, and looks nowhere else.
    : platform.exists(join(ownFolder, "native"))
    ? "wheel"
    : "npm";
}

/**
 * Finds what sources from the web, as JSR's are, need of npm, and downloads it the first time. Whoever asks for
 * anything below waits for this first.
 *
 * @throws {CapsuleError} `installation`.
 */
export async function findInstallation(): Promise<void> {
  if (kind() !== "web" || web !== undefined) return;
  const { findWebInstallation } = await import("./web_installation.ts");
  web = await findWebInstallation(NATIVE_PACKAGE);
}

/** esbuild's own program: starting it costs a fifth of loading its JavaScript API. */
export function esbuildPath(): string {
  return existing("esbuild", esbuildFound());
}

function esbuildFound(): string {
  if (kind() === "web") return found().esbuild;
  if (kind() === "wheel") return join(ownFolder, "bin", "esbuild");
  const name = `@esbuild/${platform.target}`;
  // Who has esbuild has the other one as well, but not always where everybody finds it.
  const esbuild = platform.packageFolder("esbuild", ownFile);
  const folder = esbuild && platform.packageFolder(name, join(esbuild, "package.json"));
  return folder === undefined ? name : join(folder, "bin", "esbuild");
}

/**
 * The command `capsule`, as a file or an address to start a process with. A file of that name beside this one
 * may be the user's, where a bundler has made one file of a program and Capsule.
 */
export function commandPath(): string {
  switch (kind()) {
    case "web":
      // Turbopack would bundle what `new URL` names.
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

/** The engines' components. */
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

/** What engines import and export. */
export function worldPath(): string {
  return join(kind() === "web" ? builtFolder() : ownFolder, "engines", "wit", "world.wit");
}

/** Where the library and the engines lie: as they were built here, or as pip or npm has brought them. */
function builtFolder(): string {
  return builtFolderFound ??= kind() === "web"
    ? found().folder
    : kind() === "wheel"
    ? ownFolder
    : kind() === "npm"
    ? platform.packageFolder(NATIVE_PACKAGE, ownFile) ?? join(ownFolder, "build")
    : join(ownFolder, "build");
}

/** What of a checkout is run: all but examples, tests and documents. */
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
/** What runs in the process of whoever uses the package of npm, besides it. */
const DEPENDENCIES = ["koffi", "esbuild", "smol-toml", "acorn", "semver", "jsonc-parser"];

/** The folders that hold what Capsule runs. */
export function installationFolders(): string[] {
  switch (kind()) {
    case "web":
      return [found().folder, dirname(dirname(found().esbuild)), ...denoFolders()];
    case "wheel":
      // The Python package around it, too.
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

/** Where Deno keeps the sources that it has from the web. */
function denoFolders(): string[] {
  const [chosen, home] = [platform.env("DENO_DIR"), platform.env("HOME")];
  const own = platform.target.startsWith("darwin") ? "Library/Caches/deno" : ".cache/deno";
  const folders = [chosen, home && join(home, own)];
  return folders.filter((folder): folder is string => Boolean(folder));
}

/** CommonJS has no `import.meta`: a bundler that makes that leaves it empty. */
function urlOf(own: string | undefined): string {
  if (own !== undefined) return own;
  const file = typeof __filename === "string" ? __filename : "/";
  return `file://${encodeURI(file)}`;
}

declare const __filename: unknown;

function found(): WebInstallation {
  if (web !== undefined) return web;
  throw new CapsuleError("internal", "nobody has waited for what npm brings");
}

const HINTS: Record<Kind, string> = {
  checkout: "scripts/capsule builds what is missing",
  wheel: "pip install --force-reinstall capsule-sandbox brings it",
  npm: `npm install --include=optional brings it, in ${NATIVE_PACKAGE} or esbuild's own package; ` +
    "a bundler has to leave out @capsule/sdk (externals, serverExternalPackages)",
  web: `deno clean removes what is left of ${NATIVE_PACKAGE}, and the next run brings it anew`,
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
