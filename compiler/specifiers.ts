/**
 * `npm:` and `jsr:` specifiers and the import map of deno.json, as aliases of esbuild. Packages are those
 * that lie on this machine, in `node_modules` or in Deno's `vendor` folder: nothing is downloaded.
 */
import type { ParseError } from "jsonc-parser";
import { CapsuleError } from "../errors.ts";
import { platform } from "../platform/mod.ts";
import { dirname, join, resolve } from "../platform/path.ts";

const SPECIFIER = /^(npm|jsr):\/?((?:@[^/@]+\/)?[^/@]+)(?:@([^/]+))?(\/.+)?$/;
const QUOTED = /(["'])((?:npm|jsr):[^"'\s]+)\1/g;
/** A package by its name, perhaps with a path in it. */
const PLAIN = /^(?:@[\w.-]+\/)?[\w-][\w.-]*(?:\/[^:]*)?$/;

/** What Deno's configuration is called. */
export const DENO_CONFIG = ["deno.json", "deno.jsonc"];
/** How a program may name the SDK, with and without a registry and a version. */
const SDK = ["@capsule/sdk", "@capsule-run/sdk"];
/** The same with registries. A project's settings may add more names, and change none of these. */
export const SDK_SPECIFIERS: ReadonlySet<string> = new Set(
  SDK.flatMap((name) => [name, `jsr:${name}`, `npm:${name}`]),
);

interface Specifier {
  registry: "npm" | "jsr";
  name: string;
  /** A range of versions, or a tag. */
  version: string | undefined;
  subpath: string;
}

interface DenoConfig {
  /** Its folder, absolute. */
  folder: string;
  imports: Record<string, string>;
  jsxImportSource: string | undefined;
}

/** What a program may import besides files and packages by their plain names. */
export class Specifiers {
  readonly #folder: string;
  readonly #configs: DenoConfig[];
  readonly #aliases = new Map<string, string>();
  readonly #sdk = new Set(SDK_SPECIFIERS);

  private constructor(folder: string, configs: DenoConfig[]) {
    this.#folder = folder;
    this.#configs = configs;
  }

  /** For a program whose file lies in a folder. What its text names is known at once. */
  static async of(folder: string, text: string): Promise<Specifiers> {
    const specifiers = new Specifiers(folder, await denoConfigs(folder));
    // The nearest file wins.
    for (const { folder, imports } of specifiers.#configs.toReversed()) {
      for (const [key, value] of Object.entries(imports)) await specifiers.#map(key, value, folder);
    }
    await specifiers.add([...text.matchAll(QUOTED)].map(([, , specifier]) => specifier!));
    return specifiers;
  }

  /** Finds what names stand for. False if none became known that was not. */
  async add(names: string[]): Promise<boolean> {
    const known = () => this.#aliases.size + this.#sdk.size;
    const before = known();
    for (const name of names) {
      const target = await this.#find(name);
      if (target !== undefined && !this.#aliases.has(name)) this.#aliases.set(name, target);
    }
    return known() > before;
  }

  /** All names of the SDK: an alias knows no patterns, each version is a name of its own. */
  get sdk(): string[] {
    return [...this.#sdk];
  }

  /** Whether a name stands for something else. */
  isAlias(name: string): boolean {
    return [...this.#aliases.keys()].some((key) => name === key || name.startsWith(`${key}/`));
  }

  /** For esbuild's command line. */
  get options(): string[] {
    const jsxImportSource = this.#configs.find((config) => config.jsxImportSource)?.jsxImportSource;
    return [
      ...[...this.#aliases].map(([name, target]) => `--alias:${name}=${target}`),
      ...(jsxImportSource === undefined ? [] : [`--jsx-import-source=${jsxImportSource}`]),
    ];
  }

  /** What to do about a name that could not be resolved. */
  hintFor(name: string): string | undefined {
    const specifier = parse(name) ?? (PLAIN.test(name) ? parse(`npm:${name}`) : undefined);
    if (specifier === undefined) return undefined;
    const { registry, version } = specifier;
    const wanted = version === undefined ? specifier.name : `${specifier.name}@${version}`;
    const installed = this.#installed(specifier)?.version;
    const command = registry === "npm" ? `npm install ${wanted}` : `npx jsr add ${wanted}`;
    return `run \`${command}\`` +
      (installed === undefined ? "" : `: version ${installed} is installed`);
  }

  /** An entry of an import map. */
  async #map(key: string, value: string, folder: string): Promise<void> {
    if (typeof value !== "string" || key.startsWith(".") || /^\/.|^$/.test(key)) return;
    if (namesSdk(value)) return void this.#sdk.add(key);
    // `lib/` maps all that begins so, and so does an alias.
    const name = key.length > 1 ? key.replace(/\/$/, "") : key;
    const end = value.replace(/\/$/, "");
    const target = SPECIFIER.test(value)
      // What is not there is missed only where it is imported: esbuild names the specifier then.
      ? await this.#find(end) ?? end
      : /^\.{0,2}\//.test(value)
      ? resolve(folder, value)
      : end;
    // The SDK is the engine's, whatever a project maps it to.
    if (name !== target && !namesSdk(name)) this.#aliases.set(name, target);
  }

  /** What esbuild finds it by. */
  async #find(name: string): Promise<string | undefined> {
    const specifier = parse(name);
    if (specifier === undefined) return undefined;
    if (namesSdk(name)) return void this.#sdk.add(name);
    const { version, subpath } = specifier;
    const installed = this.#installed(specifier);
    if (installed === undefined) return await this.#vendored(specifier);
    return await newestOf([installed.version], version) && installed.name + subpath;
  }

  /** The package in the nearest `node_modules` that has it. */
  #installed({ registry, name }: Specifier): { name: string; version: string } | undefined {
    const names = registry === "npm" ? [name] : [`@jsr/${name.slice(1).replace("/", "__")}`, name];
    for (const folder of upwards(this.#folder)) {
      for (const name of names) {
        const text = platform.readTextFile(join(folder, "node_modules", name, "package.json"));
        if (text !== undefined) return { name, version: JSON.parse(text).version ?? "0.0.0" };
      }
    }
  }

  /** A module in Deno's `vendor` folder, where a list of exports lies beside each version. */
  async #vendored({ registry, name, version, subpath }: Specifier): Promise<string | undefined> {
    if (registry !== "jsr") return undefined;
    for (const config of this.#configs) {
      const folder = join(config.folder, "vendor", "jsr.io", name);
      const versions = (platform.readFolder(folder) ?? [])
        .map((entry) => entry.match(/^(.+)_meta\.json$/)?.[1])
        .filter((found) => found !== undefined);
      const newest = await newestOf(versions, version);
      if (newest === undefined) continue;
      const { exports } = JSON.parse(platform.readTextFile(join(folder, `${newest}_meta.json`))!);
      const path = exports?.[`.${subpath}`];
      if (typeof path === "string") return join(folder, newest, path);
    }
  }
}

function namesSdk(text: string): boolean {
  return SDK.includes(text) || SDK.includes(parse(text)?.name ?? "");
}

function parse(text: string): Specifier | undefined {
  const match = text.match(SPECIFIER);
  if (match === null) return undefined;
  const [, registry, name, version, subpath = ""] = match;
  return { registry: registry as "npm" | "jsr", name: name!, version, subpath };
}

/** The newest of the versions that are in a range. A tag, as `latest`, takes any. */
async function newestOf(versions: string[], range = "*"): Promise<string | undefined> {
  if (versions.length === 1 && isPlainlyIn(versions[0]!, range)) return versions[0];
  // It costs 25 ms under Deno.
  const { default: semver } = await import("semver");
  const wanted = semver.validRange(range) === null ? "*" : range;
  return semver.maxSatisfying(versions, wanted, { includePrerelease: wanted === "*" }) ?? undefined;
}

/** Whether a version is in a range of the commonest forms: `*`, `1.2.3`, `1`, `^1`, `^1.2`, `^1.2.3`. */
function isPlainlyIn(version: string, range: string): boolean {
  if (range === "*" || range === version) return true;
  const wanted = range.match(/^\^?(\d+)(?:\.(\d+))?(?:\.(\d+))?$/);
  const found = version.match(/^(\d+)\.(\d+)\.(\d+)$/);
  if (wanted === null || found === null || wanted[1] !== found[1] || wanted[1] === "0") {
    return false;
  }
  if (!range.startsWith("^") && wanted[2] !== undefined) return false;
  const [minor, patch] = [Number(wanted[2] ?? 0), Number(wanted[3] ?? 0)];
  return Number(found[2]) > minor || Number(found[2]) === minor && Number(found[3]) >= patch;
}

/** The deno.json that belongs to a folder, and that of the workspace around it; the nearest first. */
async function denoConfigs(folder: string): Promise<DenoConfig[]> {
  const configs: DenoConfig[] = [];
  for (const above of upwards(folder)) {
    const path = DENO_CONFIG.map((name) => join(above, name)).find(platform.exists);
    if (path === undefined) continue;
    const config = await readJson(path);
    if (configs.length > 0 && config.workspace === undefined) continue;
    const map = typeof config.importMap === "string" && !config.imports
      ? resolve(above, config.importMap)
      : undefined;
    const imports = map === undefined ? config.imports : (await readJson(map)).imports;
    const { jsxImportSource } = (config.compilerOptions ?? {}) as { jsxImportSource?: string };
    configs.push({
      folder: map === undefined ? above : dirname(map),
      imports: (imports ?? {}) as Record<string, string>,
      jsxImportSource,
    });
  }
  return configs;
}

/** JSON as Deno reads it: with comments and trailing commas. */
async function readJson(path: string): Promise<Record<string, unknown>> {
  const text = platform.readTextFile(path);
  if (text === undefined) {
    throw new CapsuleError("compile_failed", `Cannot read "${path}": there is no such file`);
  }
  try {
    return JSON.parse(text);
  } catch {
    const { parse, printParseErrorCode } = await import("jsonc-parser");
    const errors: ParseError[] = [];
    const value = parse(text, errors, { allowTrailingComma: true });
    if (errors[0] === undefined && typeof value === "object" && value !== null) return value;
    const { error = 1, offset = 0 } = errors[0] ?? {};
    const lines = text.slice(0, offset).split("\n");
    throw new CapsuleError(
      "compile_failed",
      `${path}:${lines.length}:${lines.at(-1)!.length + 1}: ${printParseErrorCode(error)}`,
    );
  }
}

function* upwards(folder: string): Generator<string> {
  for (let above = folder;; above = dirname(above)) {
    yield above;
    if (above === dirname(above)) return;
  }
}
