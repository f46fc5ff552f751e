import { CapsuleError } from "../../errors/error.ts";
import { platform } from "../../platform/mod.ts";
import { clipped } from "../../errors/clipped.ts";
import { basename, dirname, join, resolve } from "../../platform/path.ts";
import { BUILTIN_IMPORTS, SDK, SDK_NAMES } from "./engine_modules.ts";
import { type Build, buildByService } from "./esbuild/service.ts";
import { compileFailed, NamesShown } from "./esbuild/messages.ts";
import { patternsIn, withoutFolders } from "./import_patterns.ts";
import { type Given, ModuleFiles, type PackagesIn } from "./resolve/module_files.ts";
import { ENTRY_NAME, ProgramModules } from "./modules.ts";
import { importsOnly, plainProgram } from "./plain/plain_typescript.ts";
import { type Compiled, shownPath, type Source } from "../program.ts";
import { Resolver } from "./resolve/resolver.ts";
import { asScript, type Exported } from "./script.ts";
import { SDK_SPECIFIERS, Specifiers } from "./resolve/specifiers.ts";
import { readTsConfig } from "./resolve/tsconfig.ts";

/** esbuild tells of a pattern in a file once, however often it stands there. */
const PATTERN_ROUNDS = 20;

/**
 * Bundles a TypeScript or JavaScript program with all that it imports, by esbuild.
 *
 * @throws {CapsuleError} `compile_failed` with esbuild's message, which names file, line and column.
 */
export async function bundleTypeScript(source: Source): Promise<Compiled> {
  try {
    return await bundled(source);
  } catch (cause) {
    if (cause instanceof CapsuleError || !platform.isSystemError(cause)) throw cause;
    // What was there a moment ago, or nobody has thought of.
    const problem = clipped((cause as Error).message);
    throw new CapsuleError("invalid_program", `${source.name}: ${problem}`, { cause });
  }
}

async function bundled(source: Source): Promise<Compiled> {
  const folder = platform.realPath(source.folder);
  const packages = packagesIn(source);
  const files = new ModuleFiles(givenTo(source, folder, packages), packages);
  let found: Promise<Specifiers> | undefined;
  const specifiersOf = () => found ??= Specifiers.of(files, folder);
  const plain = "code" in source ? await plainly(source.code, specifiersOf) : undefined;
  if (plain !== undefined) return plain;
  const specifiers = await specifiersOf();
  const tsconfig = await readTsConfig(files, folder);
  const root = platform.realPath(source.root);
  const modules = new ProgramModules({
    files,
    resolver: new Resolver({ files, specifiers, tsconfig, folder }),
    root,
    folder,
    program: source,
    refusal: "code" in source
      ? 'a program given as text, under the policy "none", imports packages only'
      : 'a program under the policy "none" imports only what lies in its own folder',
  });
  const { jsxImportSource } = specifiers;
  const options = [
    ...OPTIONS,
    // Text has no folder of its own, and so no settings.
    `--tsconfig-raw=${
      JSON.stringify({ compilerOptions: "code" in source ? {} : tsconfig.options })
    }`,
    `--sourcefile=${ENTRY_NAME}`,
    ...(jsxImportSource === undefined ? [] : [`--jsx-import-source=${jsxImportSource}`]),
  ];
  const names = new NamesShown(modules, {
    entry: "code" in source ? ENTRY_NAME : undefined,
    shown: (path) => shownPath(source.root, resolve(root, path)),
  });
  const built = await build(source, options, modules);
  if (built.errors.length > 0) {
    throw await compileFailed(built.errors, { modules, names, specifiers });
  }
  const map = JSON.parse(built.sourceMap);
  map.sources = map.sources.map((name: string) => names.of(name) ?? "<capsule>");
  const { name } = source;
  return {
    program: {
      language: "javascript",
      name,
      files: [{ path: name, data: encoder.encode(withoutExports(built.bundle)) }],
      sourceMap: encoder.encode(JSON.stringify(map)),
    },
    inputs: [...files.inputs],
  };
}

/** Bundles, again and again while there are imports of which only a part is known. */
async function build(source: Source, options: string[], modules: ProgramModules): Promise<Build> {
  for (let left = PATTERN_ROUNDS;; left--) {
    let built: Build;
    try {
      built = await buildByService({ options, input: modules.entry, modules });
    } catch (cause) {
      throw endedEarly(source, cause);
    }
    if (built.errors.length === 0) return built;
    if (left <= 0 || !await modules.replacePatterns(patternsIn(built.errors))) {
      return { ...built, errors: withoutFolders(built.errors) };
    }
  }
}

/** Where the host says that a program's packages lie. A folder may be `node_modules` itself. */
function packagesIn({ packages }: Source): PackagesIn {
  // Those of the host lie around text anyway.
  if (packages === undefined || packages === "host") return undefined;
  if (packages === false) return false;
  if (!platform.stat(packages)?.isFolder) {
    throw new CapsuleError("invalid_argument", `packages: there is no folder "${packages}"`);
  }
  const folder = platform.realPath(packages);
  return basename(folder) === "node_modules" ? dirname(folder) : folder;
}

/** What a program whose author is not trusted may import; undefined for another one. */
function givenTo(source: Source, folder: string, packages: PackagesIn): Given | undefined {
  if (!source.isConfined) return undefined;
  const named = packages ? [join(packages, "node_modules")] : [];
  if ("file" in source) return { modules: [folder, ...named] };
  // The folder is the host's own, and not the text's.
  if (packages !== undefined) return { modules: named, settings: folder };
  const modules: string[] = [];
  for (let above = folder;; above = dirname(above)) {
    modules.push(join(above, "node_modules"));
    if (above === dirname(above)) break;
  }
  return { modules, settings: folder };
}

/** Without esbuild, if the text imports nothing that has to be looked for. */
async function plainly(
  code: string,
  specifiersOf: () => Promise<Specifiers>,
): Promise<Compiled | undefined> {
  // Most texts need nothing of the project's settings.
  const isSdk = (specifier: string) => SDK_SPECIFIERS.has(specifier);
  const specifiers = importsOnly(code, isSdk) ? undefined : await specifiersOf();
  const made = await plainProgram(code, (specifier) => {
    if (isSdk(specifier) || specifiers?.isSdk(specifier)) return { module: SDK, names: SDK_NAMES };
    const builtin = BUILTIN_IMPORTS.find(([name]) => name === specifier);
    return builtin && specifiers !== undefined && specifiers.alias(specifier) === undefined
      ? { module: builtin[1] }
      : undefined;
  });
  if (made === undefined) return undefined;
  const { bundle, mappings, rangeMappings } = made;
  const map = { version: 3, sources: [ENTRY_NAME], names: [], mappings, rangeMappings };
  return {
    program: {
      language: "javascript",
      name: ENTRY_NAME,
      files: [{ path: ENTRY_NAME, data: encoder.encode(bundle) }],
      sourceMap: encoder.encode(JSON.stringify(map)),
    },
    inputs: [],
  };
}

/**
 * esbuild puts the exports of the entry last; a function body has none. Of text that calls `eval` it makes
 * a CommonJS module, and exports what that gives.
 */
function withoutExports(bundle: string): string {
  const end = bundle.trimEnd();
  const exports = bundle.lastIndexOf("\nexport {");
  if (exports >= 0 && end.endsWith("};") && bundle.indexOf("}", exports) === end.length - 2) {
    const exported = exportedBy(end.slice(exports + "\nexport {".length, -2));
    return asScript(withIsMain(`${bundle.slice(0, exports)}\n`, exported), exported);
  }
  const start = "\nexport default ";
  const exported = bundle.lastIndexOf(start);
  if (exported >= 0 && /^require_\w+\(\);$/.test(end.slice(exported + start.length))) {
    const made = end.slice(exported + start.length, -1);
    const names = { main: "capsule_exports.main", default: "capsule_exports.default" };
    const body = `${bundle.slice(0, exported)}\nconst capsule_exports = ${made} ?? {};\n`;
    return asScript(withIsMain(body, {}), names);
  }
  return asScript(withIsMain(bundle, {}), {});
}

/** What of an export clause has a meaning: `main, x as default`. */
function exportedBy(clause: string): Exported {
  const exported: Exported = {};
  for (const entry of clause.split(",")) {
    const [local, name = local] = entry.trim().split(" as ");
    if (name === "main" || name === "default") exported[name] = local;
  }
  return exported;
}

/** What stands for `import.meta.main` until it is known whether the engine calls `main` itself. */
const IS_MAIN = "capsule_import_meta_main";

/** `if (import.meta.main) main()` of a script that exports `main` would call it twice. */
function withIsMain(bundle: string, { main }: Exported): string {
  // That is what the entry exports of a file that has none.
  const hasNoMain = main === undefined || bundle.includes(`\nvar ${main} = void 0;\n`);
  const isMain = hasNoMain || asScript(bundle, {}) === bundle;
  return bundle.replaceAll(IS_MAIN, String(isMain).padEnd(IS_MAIN.length));
}

const OPTIONS = [
  "--bundle",
  "--format=esm",
  "--loader=ts",
  // QuickJS has all of ES2024; newer syntax and decorators are lowered.
  "--target=es2024",
  "--platform=neutral",
  // The bundle is the body of a function: no statement of a module may stay in it.
  "--supported:dynamic-import=false",
  `--define:import.meta.main=${IS_MAIN}`,
  '--define:import.meta.url="file:///main.ts"',
  '--define:import.meta.dirname="/"',
  '--define:import.meta.filename="/main.ts"',
  // What CommonJS has instead.
  '--define:__dirname="/"',
  '--define:__filename="/main.ts"',
  "--define:import.meta=undefined",
  "--jsx=automatic",
  // Otherwise they would stand behind the exports.
  "--legal-comments=inline",
  "--sources-content=false",
  "--sourcemap=external",
  // Nothing is written there.
  "--outfile=/bundle.js",
  "--log-level=silent",
  "--log-limit=0",
  "--color=false",
];

/** A limit, or a fault of esbuild's: what it says of that helps nobody. */
function endedEarly(source: Source, cause: unknown): CapsuleError {
  return new CapsuleError(
    "invalid_program",
    `${source.name}: it takes too much memory or time to bundle`,
    {
      hint: "import less, or smaller files",
      cause,
    },
  );
}

const encoder = new TextEncoder();
