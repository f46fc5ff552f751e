/** The modules of a program, as esbuild is handed them: which file an import means, and what is in it. */
import { CapsuleError } from "../../errors/error.ts";
import { dirname, extname, relative } from "../../platform/path.ts";
import { imported, SDK, SDK_COMMON_NAMES, SDK_NAMES } from "./engine_modules.ts";
import { LOADERS } from "./esbuild/loaders.ts";
import { type ImportPattern, PatternBudget, replaced } from "./import_patterns.ts";
import type { Loaded, LoadRequest, Modules, Resolved, ResolveRequest } from "./esbuild/service.ts";
import { type ModuleFiles, Outside } from "./resolve/module_files.ts";
import type { ModuleFile, Resolver } from "./resolve/resolver.ts";

/** What the entry imports, if the program is a file. No other import can be it: it has a NUL. */
const FILE = "\0file";

/** What a program that is no file is called, and what esbuild calls the entry. */
export const ENTRY_NAME = "code.ts";

/** Of modules. It is not that of files, which esbuild would read. */
const NAMESPACE = "capsule";
/** Files of which a package says what they are: esbuild sees that by the ending alone. */
const TYPED = [".js", ".jsx", ".ts", ".tsx"];
const TYPE_ENDINGS = { module: ".mjs", commonjs: ".cjs" };

/** What the attribute `type` of an import makes of a file. */
const TYPES: Record<string, string> = { json: "json", text: "text", bytes: "binary" };

/** Longer than any path. */
const SPECIFIER_AT_MOST = 4096;
/** Imports, of all files together. */
const IMPORTS_AT_MOST = 200_000;
/** So many are told: what is left is not looked at. */
const PROBLEMS_AT_MOST = 20;

const ADDRESS = /^(?:[a-z]+:)?\/\//;
const REMOTE = ["http://", "https://", "//"];

/** An import that was not found. */
export interface Missing {
  specifier: string;
  /** What it stands for by the import map. */
  renamed: string | undefined;
}

export interface ProgramModulesOptions {
  files: ModuleFiles;
  resolver: Resolver;
  /** Names are seen from there. Absolute, without links. */
  root: string;
  /** Where the entry's imports are looked for. */
  folder: string;
  program: { file: string } | { code: string };
  /** What a program is told that imports what it was not given. */
  refusal: string;
}

/** Those of one build. */
export class ProgramModules implements Modules {
  readonly namespaces: string[] = [
    NAMESPACE,
    ...TYPED.map((ending) => NAMESPACE + ending),
  ];
  readonly missing: Map<string, Missing> = new Map();
  /** Whether something was refused. */
  hasRefused = false;
  /** What is to be done about something that was refused. */
  hint: string | undefined;
  /** By name. */
  readonly files: Map<string, ModuleFile> = new Map();
  readonly #patterns = new PatternBudget();
  /** Texts that stand for those of modules, by the names that esbuild has for them. */
  readonly #replaced = new Map<string, string>();
  readonly #options: ProgramModulesOptions;
  #imports = 0;
  #problems = 0;

  constructor(options: ProgramModulesOptions) {
    this.#options = options;
  }

  async resolve(request: ResolveRequest): Promise<Resolved> {
    // The build fails anyway.
    if (this.#problems >= PROBLEMS_AT_MOST) return { path: request.path, external: true };
    try {
      await this.#options.files.turn();
      return await this.#resolve(request);
    } catch (error) {
      this.#problems++;
      if (error instanceof Outside) {
        this.hasRefused = true;
        return { problem: `cannot import ${quoted(request.path)}: ${this.#options.refusal}` };
      }
      if (!(error instanceof CapsuleError)) throw error;
      this.hint ??= error.hint;
      return { problem: error.message };
    }
  }

  async #resolve({ path, importer, namespace, kind }: ResolveRequest): Promise<Resolved> {
    const { resolver, program } = this.#options;
    if (++this.#imports > IMPORTS_AT_MOST) {
      throw new CapsuleError("invalid_program", `a program has ${IMPORTS_AT_MOST} imports at most`);
    }
    const isEntry = namespace === "";
    if (path === FILE && isEntry && "file" in program) {
      return this.#named(resolver.entry(program.file));
    }
    if (path.length > SPECIFIER_AT_MOST) {
      throw new CapsuleError(
        "invalid_program",
        `cannot import a name of ${path.length} characters`,
      );
    }
    if (path.includes("\0")) {
      throw new CapsuleError("invalid_program", `cannot import ${quoted(path)}: it has a NUL`);
    }
    if (path.startsWith("data:")) return { path, namespace: "dataurl" };
    if (kind === "url-token" && path.startsWith("#")) return { path, external: true };
    if (REMOTE.some((start) => path.startsWith(start))) throw remote(path);
    const importing = this.files.get(`${namespace}:${importer}`);
    // What an address holds lies in no folder.
    if (importing === undefined && !isEntry && /^\.{0,2}\//.test(path)) return {};
    const folder = importing === undefined ? this.#options.folder : dirname(importing.path);
    const target = await resolver.resolve({ specifier: path, folder, kind });
    if (target === undefined) {
      const renamed = resolver.renamed(path);
      if (renamed !== undefined && ADDRESS.test(renamed)) throw remote(renamed);
      this.missing.set(path, { specifier: path, renamed });
      return {};
    }
    if ("sdk" in target) return { path: SDK_MODULE, namespace: "dataurl" };
    if ("builtin" in target) {
      return {
        path: `data:text/javascript,module.exports = ${imported(target.builtin)}`,
        namespace: "dataurl",
      };
    }
    return this.#named(target);
  }

  #named(file: ModuleFile): Resolved {
    const { path, suffix } = file;
    const spend = (steps: number) => this.#options.files.spend(steps);
    const ending = extname(path);
    const type = TYPED.includes(ending) ? file.package?.type : undefined;
    // With another ending, it is told from a file that has that itself by the namespace.
    const namespace = type === undefined ? NAMESPACE : NAMESPACE + ending;
    const shown = relative(this.#options.root, path);
    const name = type === undefined ? shown : shown.slice(0, -ending.length) + TYPE_ENDINGS[type];
    this.files.set(`${namespace}:${name}`, file);
    return {
      path: name,
      namespace,
      suffix,
      ...(file.package?.isFreeOfSideEffects(path, spend) === true ? { sideEffects: false } : {}),
    };
  }

  /**
   * What esbuild begins with: the program's text, or an import of its file, which exports what a file without a task may
   * have as its `main`. A file's first line may be `#!` then, and it may be CommonJS.
   */
  get entry(): string {
    const text = this.#replaced.get("") ?? this.#entry();
    return decoder.decode(withoutSourceMap(encoder.encode(text), "ts"));
  }

  #entry(): string {
    const { program } = this.#options;
    return "code" in program
      ? program.code.replace(/^\ufeff?#!/, "//")
      : `import * as program from ${JSON.stringify(FILE)}; Object(program);\n` +
        "export const main = program.main; export default program.default;";
  }

  /**
   * Puts what they mean in the place of imports of which only a part is known.
   *
   * @returns Whether there were any: the program has to be built anew.
   * @throws {CapsuleError} for those that take too much. It names the file.
   */
  async replacePatterns(patterns: ImportPattern[]): Promise<boolean> {
    const { files, folder } = this.#options;
    await files.turn();
    for (const where of new Set(patterns.map(({ location }) => location.file))) {
      const some = patterns.filter(({ location }) => location.file === where);
      // As those with a query are: what one name has, the others have, too.
      const name = isEntry(where) ? "" : where;
      const file = this.files.get(name);
      if (file === undefined && name !== "") return false;
      const text = this.#replaced.get(name) ??
        (file === undefined ? this.#entry() : decoder.decode(files.read(file.path)));
      const replacing = {
        files,
        budget: this.#patterns,
        folder: file === undefined ? folder : dirname(file.path),
        name: file === undefined ? ENTRY_NAME : relative(this.#options.root, file.path),
      };
      this.#replaced.set(name, await replaced(text, some, replacing));
    }
    return patterns.length > 0;
  }

  async load({ path, namespace, with: attributes }: LoadRequest): Promise<Loaded> {
    const other = this.#replaced.get(`${namespace}:${path}`);
    const file = this.files.get(`${namespace}:${path}`);
    if (file === undefined) return { problem: `cannot import ${quoted(path)}` };
    const loader = loaderOf(file.path, attributes);
    if (typeof loader !== "string") return loader;
    try {
      await this.#options.files.turn();
      const contents = other === undefined
        ? this.#options.files.read(file.path)
        : encoder.encode(other);
      return { contents: withoutSourceMap(contents, loader), loader };
    } catch (error) {
      if (error instanceof Outside) {
        return { problem: `cannot import it: ${this.#options.refusal}` };
      }
      if (error instanceof CapsuleError) return { problem: error.message };
      throw error;
    }
  }
}

/** Whether esbuild means the entry by a name. */
export function isEntry(name: string): boolean {
  return name === ENTRY_NAME;
}

function loaderOf(path: string, attributes: Record<string, string>): string | { problem: string } {
  for (const [name, value] of Object.entries(attributes)) {
    if (name !== "type") {
      return { problem: `Importing with the ${quoted(name)} attribute is not supported` };
    }
    if (Object.hasOwn(TYPES, value)) return TYPES[value]!;
    return { problem: `Importing with a type attribute of ${quoted(value)} is not supported` };
  }
  if (path.endsWith(".module.css")) return "local-css";
  const ending = extname(path);
  if (Object.hasOwn(LOADERS, ending)) return LOADERS[ending]!;
  return {
    problem: `cannot import files that end in ${quoted(ending)}: ` +
      'import one with { type: "text" } or { type: "bytes" } for what is in it',
  };
}

/**
 * A comment at the end may name a source map, which esbuild would read wherever it lies: the last such comment counts, and
 * one of ours names none. A map that stands in the comment itself may stay.
 */
function withoutSourceMap(contents: Uint8Array, loader: string): Uint8Array {
  if (!["js", "jsx", "ts", "tsx", "css", "local-css"].includes(loader)) return contents;
  if (!has(contents, MARK)) return contents;
  const comment = encoder.encode(
    loader.endsWith("css") ? "\n/*# sourceMappingURL=none: */" : "\n//# sourceMappingURL=none:",
  );
  if (!loader.endsWith("css") && endsInOwnMap(contents)) return contents;
  const whole = new Uint8Array(contents.length + comment.length);
  whole.set(contents);
  whole.set(comment, contents.length);
  return whole;
}

const OWN_MAP = "//# sourceMappingURL=data:application/json;";

function endsInOwnMap(contents: Uint8Array): boolean {
  let end = contents.length;
  while (end > 0 && (contents[end - 1] === 10 || contents[end - 1] === 13)) end--;
  const start = contents.lastIndexOf(10, end - 1) + 1;
  const line = decoder.decode(contents.subarray(start, end));
  // Nothing that could end a text or a comment, which it would be part of then.
  return line.startsWith(OWN_MAP) && /^[\w+/=;:,.-]*$/.test(line.slice(OWN_MAP.length));
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const MARK = encoder.encode("sourceMappingURL=");

function has(contents: Uint8Array, mark: Uint8Array): boolean {
  // Its rarest letter.
  const offset = 13;
  for (let at = contents.indexOf(mark[offset]!, offset); at >= 0;) {
    const start = at - offset;
    if (mark.every((byte, index) => contents[start + index] === byte)) return true;
    at = contents.indexOf(mark[offset]!, at + 1);
  }
  return false;
}

function remote(address: string): CapsuleError {
  return new CapsuleError("invalid_program", `cannot import ${quoted(address)} from the web`, {
    hint: "install the package into node_modules and import it by its name",
  });
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
}

/**
 * The SDK: its names are known. The mark lets esbuild leave out those that few programs use, which it would not do for a
 * plain read of a member.
 */
const SDK_MODULE = `data:text/javascript,export const { ${SDK_COMMON_NAMES.join(", ")} } = ${
  imported(SDK)
};${
  SDK_NAMES.filter((name) => !SDK_COMMON_NAMES.includes(name)).map((name) =>
    `export const ${name} = /* @__PURE__ */ (() => ${imported(SDK)}.${name})();`
  ).join("")
}`;
