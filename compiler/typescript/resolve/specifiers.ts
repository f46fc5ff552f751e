/**
 * `npm:` and `jsr:` specifiers and the import map of deno.json. Packages are those that lie on this machine, in
 * `node_modules` or in Deno's `vendor` folder: nothing is downloaded.
 */
import { CapsuleError } from "../../../errors/error.ts";
import { dirname, join, resolve } from "../../../platform/path.ts";
import {
  type JsonObject,
  memberOf,
  objectIn,
  parseCommentedJson,
  parseJson,
  textIn,
} from "./json_file.ts";
import { WITHOUT_PACKAGES } from "../../program.ts";
import { clipped, clippedPath } from "../../../errors/clipped.ts";
import type { ModuleFiles } from "./module_files.ts";
import { parsePackageJson } from "./package_json.ts";

/** What Deno's configuration is called. */
const DENO_CONFIG = ["deno.json", "deno.jsonc"];
/** How a program may name the SDK, with and without a registry and a version. */
const SDK = ["@capsule/sdk", "@capsule-run/sdk"];
/** The same with registries. A project's settings may add more names, and change none of these. */
export const SDK_SPECIFIERS: ReadonlySet<string> = new Set(
  SDK.flatMap((name) => [name, `jsr:${name}`, `npm:${name}`]),
);
/** Longer than any range of versions that somebody writes. */
const RANGE_AT_MOST = 256;
/** More than a package has. */
const VERSIONS_AT_MOST = 2000;

/** A package in a registry. */
export interface Specifier {
  registry: "npm" | "jsr";
  name: string;
  /** A range of versions, or a tag. */
  version: string | undefined;
  /** Empty, or with a slash before it. */
  subpath: string;
}

interface DenoConfig {
  /** Its folder, absolute. */
  folder: string;
  imports: JsonObject;
  jsxImportSource: string | undefined;
}

/** What an import means instead. */
export interface Alias {
  /** The name, or its start, that is mapped. */
  key: string;
  /** A name or an absolute path. */
  target: string;
}

/** What a program may import besides files and packages by their plain names. */
export class Specifiers {
  readonly #files: ModuleFiles;
  readonly #folder: string;
  readonly #configs: DenoConfig[];
  readonly #aliases = new Map<string, string>();
  readonly #sdk = new Set(SDK_SPECIFIERS);

  private constructor(files: ModuleFiles, folder: string, configs: DenoConfig[]) {
    this.#files = files;
    this.#folder = folder;
    this.#configs = configs;
    // The nearest file wins.
    for (const { folder, imports } of configs.toReversed()) {
      for (const [key, value] of Object.entries(imports)) this.#map(key, value, folder);
    }
  }

  /**
   * For a program whose file lies in a folder.
   *
   * @throws {CapsuleError} for settings that cannot be read.
   */
  static async of(files: ModuleFiles, folder: string): Promise<Specifiers> {
    return new Specifiers(files, folder, await denoConfigs(files, folder));
  }

  /** Whether a name means the SDK. */
  isSdk(name: string): boolean {
    return this.#sdk.has(name) || namesSdk(name);
  }

  /** What a name stands for by the import map: the longest key counts. */
  alias(name: string): Alias | undefined {
    if (this.#aliases.size === 0 || name.startsWith(".") || name.startsWith("/")) return undefined;
    for (let end = name.length; end > 0; end = name.lastIndexOf("/", end - 1)) {
      const key = name.slice(0, end);
      const target = this.#aliases.get(key);
      if (target !== undefined) return { key, target: target + name.slice(end) };
    }
    return undefined;
  }

  get jsxImportSource(): string | undefined {
    return this.#configs.find((config) => config.jsxImportSource)?.jsxImportSource;
  }

  /** What to do about a package that was not found. */
  async hintFor(name: string): Promise<string | undefined> {
    if (name.endsWith("/runner") && namesSdk(name.slice(0, -"/runner".length))) {
      return "run() is for hosts: in a sandbox, call tasks";
    }
    const specifier = parseSpecifier(name);
    const plain = specifier?.name ?? packageName(name);
    const { packages } = this.#files;
    if (packages === false) {
      return plain && WITHOUT_PACKAGES;
    }
    if (packages !== undefined) {
      return plain && `packages were looked for in ${clippedPath(join(packages, "node_modules"))}`;
    }
    if (specifier === undefined) {
      return plain && `run \`npm install ${clipped(plain)}\``;
    }
    let found: { version: string } | undefined;
    try {
      found = this.#installed(specifier);
    } catch {
      // What is wrong with it is not what is told.
    }
    const { registry, name: wanted, version } = specifier;
    const tool = registry === "npm" ? "npm install" : "npx jsr add";
    const other = found === undefined || await newestOf([found.version], version)
      ? ""
      : `: version ${clipped(found.version)} is installed`;
    const whole = `${wanted}${version === undefined ? "" : `@${version}`}`;
    return `run \`${tool} ${clipped(whole)}\`${other}`;
  }

  /** Adds an entry of an import map. */
  #map(key: string, value: unknown, folder: string): void {
    if (typeof value !== "string" || key === "" || key.startsWith(".")) return;
    if (key.startsWith("/") && key !== "/") return;
    if (namesSdk(value)) return void this.#sdk.add(key);
    // `lib/` maps all that begins so.
    const name = key.length > 1 && key.endsWith("/") ? key.slice(0, -1) : key;
    const end = value.endsWith("/") ? value.slice(0, -1) : value;
    const isPath = /^\.{0,2}\//.test(value);
    const target = isPath ? resolve(folder, value) : end;
    // The SDK is the engine's, whatever a project maps it to.
    if (name !== target && !namesSdk(name)) this.#aliases.set(name, target);
  }

  /** What a specifier means: a name to look for from the program's folder, or an absolute path. */
  async find(specifier: Specifier): Promise<string | undefined> {
    const { version, subpath } = specifier;
    const installed = this.#installed(specifier);
    if (installed === undefined) return await this.#vendored(specifier);
    return await newestOf([installed.version], version) && installed.name + subpath;
  }

  /** The package in the nearest `node_modules` that has it. */
  #installed({ registry, name }: Specifier): { name: string; version: string } | undefined {
    const scoped = name.startsWith("@") ? name.slice(1).replace("/", "__") : name;
    const names = registry === "npm" ? [name] : [`@jsr/${scoped}`, name];
    for (const folder of this.#files.packageFolders(this.#folder)) {
      const packages = join(folder, "node_modules");
      if (!this.#files.isAllowed(packages)) continue;
      this.#files.watchAlways(packages);
      if (this.#files.kind(packages) !== "folder") continue;
      for (const name of names) {
        const path = join(packages, name, "package.json");
        if (!path.startsWith(`${packages}/`)) continue;
        this.#files.watchAlways(path);
        const found = this.#files.settings(path, parsePackageJson);
        if (found !== undefined) return { name, version: found.version ?? "0.0.0" };
      }
    }
  }

  /** A module in Deno's `vendor` folder, where a list of exports lies beside each version. */
  async #vendored({ registry, name, version, subpath }: Specifier): Promise<string | undefined> {
    if (registry !== "jsr" || this.#files.packages !== undefined) return undefined;
    const end = "_meta.json";
    for (const config of this.#configs) {
      const vendor = join(config.folder, "vendor", "jsr.io");
      const folder = join(vendor, name);
      if (!folder.startsWith(`${vendor}/`) || !this.#files.isAllowed(folder)) continue;
      this.#files.watchAlways(folder);
      const versions = this.#files.names(folder)
        .filter((entry) => entry.endsWith(end) && entry.length > end.length)
        .map((entry) => entry.slice(0, -end.length));
      if (versions.length > VERSIONS_AT_MOST) {
        throw new CapsuleError(
          "invalid_program",
          `${clippedPath(folder)}: there are more than ${VERSIONS_AT_MOST} versions`,
        );
      }
      const newest = await newestOf(versions, version);
      if (newest === undefined) continue;
      const list = join(folder, newest + end);
      const exports = memberOf(this.#files.settings(list, parseJson), "exports");
      const path = textIn(memberOf(exports, `.${subpath}`));
      const found = path === undefined ? undefined : join(folder, newest, path);
      if (found?.startsWith(`${folder}/`)) return found;
    }
  }
}

function namesSdk(text: string): boolean {
  return SDK.includes(text) || SDK.includes(parseSpecifier(text)?.name ?? "");
}

/** Takes `npm:@scope/name@range/path` apart. Undefined for what is none. */
export function parseSpecifier(text: string): Specifier | undefined {
  const registry = text.startsWith("npm:") ? "npm" : text.startsWith("jsr:") ? "jsr" : undefined;
  if (registry === undefined) return undefined;
  const rest = text.slice(text[4] === "/" ? 5 : 4);
  const scopeEnd = rest.startsWith("@") ? rest.indexOf("/") : -1;
  if (rest.startsWith("@") && scopeEnd < 2) return undefined;
  const slash = rest.indexOf("/", scopeEnd + 1);
  const whole = slash < 0 ? rest : rest.slice(0, slash);
  const at = whole.indexOf("@", scopeEnd + 1);
  const name = at < 0 ? whole : whole.slice(0, at);
  const version = at < 0 ? undefined : whole.slice(at + 1);
  const subpath = slash < 0 ? "" : rest.slice(slash);
  if (name.length === scopeEnd + 1 || version === "" || subpath === "/") return undefined;
  if (name.slice(1).includes("@")) return undefined;
  return { registry, name, version, subpath };
}

/** The package that an import names, if what it names could be one. */
export function packageName(name: string): string | undefined {
  const parts = name.split("/", 2);
  const found = name.startsWith("@") ? parts.join("/") : parts[0]!;
  return name.includes(":") || !/^(?:@[\w.-]+\/)?[\w-][\w.-]*$/.test(found) ? undefined : found;
}

/** The newest of the versions that are in a range. A tag, as `latest`, takes any. */
async function newestOf(versions: string[], range = "*"): Promise<string | undefined> {
  if (versions.length === 1 && isPlainlyIn(versions[0]!, range)) return versions[0];
  if (range.length > RANGE_AT_MOST) return undefined;
  // It costs 25 ms under Deno.
  const { default: semver } = await import("semver");
  const wanted = semver.validRange(range) === null ? "*" : range;
  return semver.maxSatisfying(versions, wanted, { includePrerelease: wanted === "*" }) ?? undefined;
}

/** Whether a version is in a range of the commonest forms: `*`, `1.2.3`, `1`, `^1`, `^1.2`, `^1.2.3`. */
function isPlainlyIn(version: string, range: string): boolean {
  if (range === "*" || range === version) return true;
  const wanted = range.match(/^\^?(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?$/);
  const found = version.match(/^(\d{1,9})\.(\d{1,9})\.(\d{1,9})$/);
  if (wanted === null || found === null || wanted[1] !== found[1] || wanted[1] === "0") {
    return false;
  }
  if (!range.startsWith("^") && wanted[2] !== undefined) return false;
  const [minor, patch] = [Number(wanted[2] ?? 0), Number(wanted[3] ?? 0)];
  return Number(found[2]) > minor || Number(found[2]) === minor && Number(found[3]) >= patch;
}

/** The deno.json that belongs to a folder, and that of the workspace around it; the nearest first. */
async function denoConfigs(files: ModuleFiles, folder: string): Promise<DenoConfig[]> {
  const configs: DenoConfig[] = [];
  await files.turn();
  for (const above of files.upwards(folder)) {
    const path = DENO_CONFIG.map((name) => join(above, name))
      .find((path) => files.settingsKind(path) !== undefined);
    if (path === undefined) continue;
    const config = await readJson(files, path);
    if (configs.length > 0 && config.workspace === undefined) continue;
    const importMap = textIn(memberOf(config, "importMap"));
    const map = importMap !== undefined && objectIn(config.imports) === undefined
      ? resolve(above, importMap)
      : undefined;
    const imports = map === undefined ? config.imports : (await readJson(files, map)).imports;
    configs.push({
      folder: map === undefined ? above : dirname(map),
      imports: objectIn(imports) ?? {},
      jsxImportSource: textIn(memberOf(config.compilerOptions, "jsxImportSource")),
    });
  }
  return configs;
}

async function readJson(files: ModuleFiles, path: string): Promise<JsonObject> {
  await files.turn();
  const text = files.settings(path, (text) => text);
  if (text === undefined) {
    throw new CapsuleError(
      "invalid_program",
      `Cannot read "${clippedPath(path)}": there is no such file in what the program is given`,
    );
  }
  return await parseCommentedJson(text, path);
}
