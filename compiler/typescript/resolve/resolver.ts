/**
 * What an import means: Node's algorithm, with the endings and mappings of TypeScript, as esbuild has it. All that it
 * looks at it asks `ModuleFiles` for.
 */
import { CapsuleError } from "../../../errors/error.ts";
import { clipped } from "../../../errors/clipped.ts";
import { basename, dirname, join, resolve } from "../../../platform/path.ts";
import { BUILTIN_IMPORTS } from "../engine_modules.ts";
import { isInPackages, type ModuleFiles } from "./module_files.ts";
import { exportedPath, importedPath } from "./package_exports.ts";
import { type PackageJson, parsePackageJson } from "./package_json.ts";
import { parseSpecifier, type Specifiers } from "./specifiers.ts";
import { mappedPaths, type TsConfig } from "./tsconfig.ts";

/** What an import means. */
export type Target =
  | { sdk: true }
  /** What the engine knows it by. */
  | { builtin: string }
  | ModuleFile;

export interface ModuleFile {
  /** Absolute, without links. */
  path: string;
  /** Behind the path of the import: `?…` or `#…`. */
  suffix: string;
  /** The nearest package around it. */
  package: PackageJson | undefined;
}

/** How a module is imported. */
export interface Import {
  specifier: string;
  /** Of whoever imports it, absolute and without links. */
  folder: string;
  /** esbuild's word for it. */
  kind: string;
}

const ENDINGS = [".tsx", ".ts", ".jsx", ".js", ".css", ".json"];
/** In packages, what was built goes before what it was built from. */
const PACKAGE_ENDINGS = [".jsx", ".js", ".tsx", ".ts", ".css", ".json"];
/** The sources that an import by the ending of the compiled file may mean. */
const TYPESCRIPT_ENDINGS: Record<string, string[]> = {
  ".js": [".ts", ".tsx"],
  ".jsx": [".ts", ".tsx"],
  ".mjs": [".mts"],
  ".cjs": [".cts"],
};
/** Besides that by which a module is imported. */
const CONDITIONS = ["module", "default"];

/** Longer than any path. */
const NAME_AT_MOST = 4096;

const BUILTINS = new Map<string, string>(BUILTIN_IMPORTS);

export interface ResolverOptions {
  files: ModuleFiles;
  specifiers: Specifiers;
  tsconfig: TsConfig;
  /** The program's folder: names that are mapped are looked for from there. */
  folder: string;
}

export class Resolver {
  readonly #files: ModuleFiles;
  readonly #specifiers: Specifiers;
  readonly #tsconfig: TsConfig;
  readonly #folder: string;
  readonly #found = new Map<string, Promise<Target | undefined>>();
  readonly #packages = new Map<string, PackageJson | undefined>();

  constructor({ files, specifiers, tsconfig, folder }: ResolverOptions) {
    this.#files = files;
    this.#specifiers = specifiers;
    this.#tsconfig = tsconfig;
    this.#folder = folder;
  }

  /**
   * What an import means; undefined if nothing is found.
   *
   * @throws {Outside} if it leads out of what the program is given.
   * @throws {CapsuleError} for settings on the way that cannot be read.
   */
  resolve(one: Import): Promise<Target | undefined> {
    const key = JSON.stringify([one.specifier, one.folder, conditionOf(one.kind), isOfCss(one)]);
    let found = this.#found.get(key);
    if (found === undefined) this.#found.set(key, found = this.#resolve(one));
    return found;
  }

  /** Of a file that the program begins with. */
  entry(path: string): ModuleFile {
    return this.#module(path, "");
  }

  /** The name that an import stands for by the import map, if that is another one. */
  renamed(specifier: string): string | undefined {
    return this.#specifiers.alias(specifier)?.target;
  }

  async #resolve({ specifier, folder, kind }: Import): Promise<Target | undefined> {
    if (this.#specifiers.isSdk(specifier)) return { sdk: true };
    const alias = this.#specifiers.alias(specifier);
    // A project may map the name of a built-in module itself, and otherwise none of what begins so.
    if (alias?.key !== specifier) {
      const builtin = builtinOf(specifier);
      if (builtin !== undefined) return { builtin };
    }
    if (alias !== undefined && alias.target.length > NAME_AT_MOST) {
      throw new CapsuleError(
        "invalid_program",
        `cannot import ${
          JSON.stringify(clipped(alias.target))
        }: it has more than ${NAME_AT_MOST} characters`,
      );
    }
    let [name, from] = alias === undefined ? [specifier, folder] : [alias.target, this.#folder];
    if (alias !== undefined) {
      if (this.#specifiers.isSdk(name)) return { sdk: true };
      const builtin = builtinOf(name);
      if (builtin !== undefined) return { builtin };
    }
    const inRegistry = parseSpecifier(name);
    if (inRegistry !== undefined) {
      const found = await this.#specifiers.find(inRegistry);
      if (found === undefined) return undefined;
      [name, from] = [found, this.#folder];
    }
    return this.#search({ specifier: name, folder: from, kind });
  }

  #search(one: Import): Target | undefined {
    const found = this.#path(one);
    if (found !== undefined) return typeof found === "string" ? this.#module(found, "") : found;
    // A query may be part of a file's name, and is none mostly.
    const end = one.specifier.search(/[?#]/);
    if (end < 1) return undefined;
    const shorter = this.#path({ ...one, specifier: one.specifier.slice(0, end) });
    return typeof shorter === "string" ? this.#module(shorter, one.specifier.slice(end)) : shorter;
  }

  #module(path: string, suffix: string): ModuleFile {
    const real = this.#files.realPath(path);
    // A link may lead elsewhere later.
    if (real !== path) this.#files.watch(path);
    return { path: real, suffix, package: this.packageAround(dirname(real)) };
  }

  /** The path of a file, links not followed. */
  #path(one: Import): string | { builtin: string } | undefined {
    const { specifier, folder, kind } = one;
    if (specifier.startsWith("/")) {
      const mapped = isInPackages(`${folder}/`) ? undefined : this.#mapped(specifier, kind);
      return mapped ?? this.#fileOrFolder(resolve("/", specifier), kind);
    }
    const isRelative = /^\.{1,2}(?:\/|$)/.test(specifier);
    if (isRelative || isOfCss(one)) {
      const path = resolve(folder, specifier);
      const found = /(?:^|\/)\.{0,2}$/.test(specifier)
        ? this.#folderAt(path, kind)
        : this.#fileOrFolder(path, kind);
      if (found !== undefined || isRelative) return found;
    }
    return this.#package(one);
  }

  /** By `paths` of tsconfig.json. */
  #mapped(specifier: string, kind: string): string | undefined {
    this.#files.spend(this.#tsconfig.paths.length);
    for (const path of mappedPaths(this.#tsconfig, specifier) ?? []) {
      this.#files.spend(path.length);
      const found = this.#fileOrFolder(path, kind);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #package(
    { specifier, folder, kind }: Import,
    isMapped = false,
  ): string | { builtin: string } | undefined {
    if (!isInPackages(`${folder}/`)) {
      const { baseUrl } = this.#tsconfig;
      const found = this.#mapped(specifier, kind) ??
        (baseUrl === undefined ? undefined : this.#fileOrFolder(resolve(baseUrl, specifier), kind));
      if (found !== undefined) return found;
    }
    const conditions = conditionsOf(kind);
    const spend = (steps: number) => this.#files.spend(steps);
    const around = this.packageAround(folder);
    if (specifier.startsWith("#") && !isMapped && around?.imports !== undefined) {
      const target = importedPath(around.imports, specifier, { conditions, spend });
      if (target === undefined) return undefined;
      if (target.startsWith("./")) return this.#exact(join(around.folder, target));
      const builtin = builtinOf(target);
      if (builtin !== undefined) return { builtin };
      return this.#package({ specifier: target, folder: around.folder, kind }, true);
    }
    const name = nameIn(specifier);
    if (name === undefined) return undefined;
    const subpath = `.${specifier.slice(name.length)}`;
    if (around?.name === name && around.exports !== undefined) {
      const target = exportedPath(around.exports, subpath, { conditions, spend });
      return target && this.#exact(join(around.folder, target));
    }
    for (const above of this.#files.packageFolders(folder)) {
      const packages = join(above, "node_modules");
      if (basename(above) === "node_modules" || !this.#files.isAllowed(packages)) continue;
      this.#files.watch(packages);
      if (this.#files.kind(packages) !== "folder") continue;
      const path = join(packages, specifier);
      if (!path.startsWith(`${packages}/`)) return undefined;
      const own = join(packages, name);
      const json = this.#packageAt(own);
      this.#files.watchAlways(json === undefined ? own : join(own, "package.json"));
      if (json?.exports !== undefined) {
        const target = exportedPath(json.exports, subpath, { conditions, spend });
        return target && this.#exact(join(own, target));
      }
      const found = this.#fileOrFolder(path, kind);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #fileOrFolder(path: string, kind: string): string | undefined {
    return this.#file(path, endingsOf(path, kind)) ?? this.#folderAt(path, kind);
  }

  /** A file that a package names whole, or what it was built from. */
  #exact(path: string): string | undefined {
    return this.#file(path, []);
  }

  #file(path: string, endings: string[]): string | undefined {
    if (this.#kind(path) === "file") return path;
    for (const ending of endings) {
      if (this.#kind(path + ending) === "file") return path + ending;
    }
    const dot = basename(path).lastIndexOf(".");
    const ending = dot < 0 ? "" : basename(path).slice(dot);
    const sources = Object.hasOwn(TYPESCRIPT_ENDINGS, ending) ? TYPESCRIPT_ENDINGS[ending]! : [];
    const start = path.slice(0, path.length - ending.length);
    for (const source of sources) if (this.#kind(start + source) === "file") return start + source;
    return undefined;
  }

  /** What a package means that is a folder, or has no `exports`. */
  #folderAt(path: string, kind: string): string | undefined {
    if (this.#kind(path) !== "folder") return undefined;
    for (const main of this.#packageAt(path)?.main ?? []) {
      const target = resolve(path, main.startsWith("/") ? `.${main}` : main);
      const found = this.#file(target, endingsOf(target, kind)) ?? this.#index(target, kind);
      if (found !== undefined) return found;
    }
    return this.#index(path, kind);
  }

  #index(folder: string, kind: string): string | undefined {
    if (this.#kind(folder) !== "folder") return undefined;
    for (const ending of endingsOf(`${folder}/`, kind)) {
      const path = join(folder, `index${ending}`);
      if (this.#kind(path) === "file") return path;
    }
    return undefined;
  }

  #kind(path: string) {
    const kind = this.#files.kind(path);
    if (kind === undefined) this.#files.watch(path);
    return kind;
  }

  /** The nearest package.json above a module. */
  packageAround(folder: string): PackageJson | undefined {
    if (this.#packages.has(folder)) return this.#packages.get(folder);
    let found: PackageJson | undefined;
    if (this.#files.isAllowed(folder) && basename(folder) !== "node_modules") {
      found = this.#packageAt(folder) ??
        (folder === dirname(folder) ? undefined : this.packageAround(dirname(folder)));
    }
    this.#packages.set(folder, found);
    return found;
  }

  #packageAt(folder: string): PackageJson | undefined {
    const path = join(folder, "package.json");
    return this.#files.isAllowed(path) ? this.#files.settings(path, parsePackageJson) : undefined;
  }
}

/** A built-in module, as Node's programs name it: a slash behind the name makes no difference here. */
function builtinOf(name: string): string | undefined {
  return BUILTINS.get(name.endsWith("/") ? name.slice(0, -1) : name);
}

/** The name of a package, with which an import begins. */
function nameIn(specifier: string): string | undefined {
  const slash = specifier.indexOf("/");
  const end = specifier.startsWith("@") ? specifier.indexOf("/", slash + 1) : slash;
  if (specifier.startsWith("@") && slash < 0) return undefined;
  const name = end < 0 ? specifier : specifier.slice(0, end);
  return name === "" || name.startsWith(".") || /[\\%]/.test(name) ? undefined : name;
}

function endingsOf(path: string, kind: string): string[] {
  if (kind === "import-rule" || kind === "composes-from") return [".css"];
  return isInPackages(path) ? PACKAGE_ENDINGS : ENDINGS;
}

function isOfCss({ kind }: Import): boolean {
  return kind === "import-rule" || kind === "composes-from" || kind === "url-token";
}

function conditionOf(kind: string): string | undefined {
  if (kind === "import-statement" || kind === "dynamic-import") return "import";
  return kind === "require-call" || kind === "require-resolve" ? "require" : undefined;
}

function conditionsOf(kind: string): ReadonlySet<string> {
  const condition = conditionOf(kind);
  return new Set(condition === undefined ? CONDITIONS : [...CONDITIONS, condition]);
}
