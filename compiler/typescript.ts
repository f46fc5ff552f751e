import { CapsuleError } from "../errors.ts";
import { platform } from "../platform/mod.ts";
import { dirname, isInside, join, resolve } from "../platform/path.ts";
import { BUILTIN_IMPORTS, imported, SDK, SDK_NAMES } from "./engine_modules.ts";
import { importsOnly, isPrepared, plainProgram } from "./plain_typescript.ts";
import { type Compiled, shownPath, type Source } from "./program.ts";
import { DENO_CONFIG, SDK_SPECIFIERS, Specifiers } from "./specifiers.ts";
import {
  type Build,
  buildByService,
  type BuildRequest,
  type Import,
  type Metafile,
} from "./esbuild_service.ts";
import { BUILD_TIMEOUT_MS, limitedEsbuild } from "./esbuild_limits.ts";
import { temporaryFolder } from "./tools.ts";

/** What a program that is no file is called. */
const CODE_NAME = "code.ts";

const ADDRESS = /^(?:[a-z]+:)?\/\//;
/** Its exit status when something is wrong with a program. */
const ESBUILD_FAILED = 1;
/** Where a message of esbuild points. */
const LOCATION = /^ {4}(\S.*?):\d+:\d+:$/gm;

/**
 * Bundles a TypeScript or JavaScript program with all that it imports, by esbuild.
 *
 * @throws {CapsuleError} `compile_failed` with esbuild's message, which names file, line and column.
 */
export async function bundleTypeScript(source: Source): Promise<Compiled> {
  const { root } = source;
  const text = "code" in source ? source.code : platform.readTextFile(source.file)!;
  let found: Promise<Specifiers> | undefined;
  const specifiersOf = () => found ??= Specifiers.of(folderOf(source), text);
  const plain = "code" in source ? await plainly(text, specifiersOf) : undefined;
  if (plain !== undefined) return plain;
  const { bundle, sourceMap, metafile, folder } = await build(source, text, await specifiersOf());
  const files = inputsOf(source, metafile);
  confine(source, files);
  refuseRemoteImports(root, metafile);
  const map = JSON.parse(sourceMap);
  map.sources = map.sources.map((path: string) => sourceName(root, folder, path));
  const name = "code" in source ? CODE_NAME : shownPath(root, source.file);
  return {
    program: {
      language: "javascript",
      name,
      files: [{ path: name, data: encoder.encode(withoutExports(bundle)) }],
      sourceMap: encoder.encode(JSON.stringify(map)),
    },
    inputs: inputFiles(files),
  };
}

/** Without esbuild, if the text imports nothing that has to be looked for. */
async function plainly(
  code: string,
  specifiersOf: () => Promise<Specifiers>,
): Promise<Compiled | undefined> {
  if (!isPrepared()) return undefined;
  // Most texts need nothing of the project's settings.
  const isSdk = (specifier: string) => SDK_SPECIFIERS.has(specifier);
  const specifiers = importsOnly(code, isSdk) ? undefined : await specifiersOf();
  const made = plainProgram(code, (specifier) => {
    if (isSdk(specifier) || specifiers?.sdk.includes(specifier)) {
      return { module: SDK, names: SDK_NAMES };
    }
    const builtin = BUILTIN_IMPORTS.find(([name]) => name === specifier);
    return builtin && specifiers?.isAlias(specifier) === false ? { module: builtin[1] } : undefined;
  });
  if (made === undefined) return undefined;
  const { bundle, mappings, rangeMappings } = made;
  const map = { version: 3, sources: [CODE_NAME], names: [], mappings, rangeMappings };
  return {
    program: {
      language: "javascript",
      name: CODE_NAME,
      files: [{ path: CODE_NAME, data: encoder.encode(bundle) }],
      sourceMap: encoder.encode(JSON.stringify(map)),
    },
    inputs: [],
  };
}

/** A bundle, and the folder that its source map starts from. */
interface BuildIn extends Build {
  folder: string;
}

async function build(source: Source, text: string, specifiers: Specifiers): Promise<BuildIn> {
  const request = (aliases: string[]): BuildRequest => ({
    options: [
      ...OPTIONS,
      ...aliases,
      "--loader=ts",
      ...("code" in source ? [`--sourcefile=${CODE_NAME}`] : []),
      ...specifiers.options,
      ...specifiers.sdk.map((name) => `--alias:${name}=${SDK_MODULE}`),
    ],
    input: entryOf(source),
    cwd: source.root,
  });
  return await quickly(source, text, request) ??
    await buildByCommand(source, specifiers, () => request(BUILTIN_ALIASES));
}

/** Bundles without starting a process, if there is one and nothing is wrong. */
async function quickly(
  source: Source,
  text: string,
  request: (aliases: string[]) => BuildRequest,
): Promise<BuildIn | undefined> {
  // Nothing is written there.
  const folder = join(source.root, ".capsule");
  const build = async (aliases: string[]) => {
    const { options, ...rest } = request(aliases);
    // What is wrong, the command tells.
    const output = [`--outfile=${folder}/bundle.js`, "--metafile", "--log-level=silent"];
    const built = await buildByService({ options: [...options, ...output], ...rest });
    return built && { ...built, folder };
  };
  if ("code" in source) {
    const built = await build(namedAliases(text));
    // What a file imports, the text does not tell.
    if (built === undefined || inputsOf(source, built.metafile).length === 0) return built;
  }
  return await build(BUILTIN_ALIASES);
}

/** Starts esbuild, again and again while what it could not resolve has another name. */
async function buildByCommand(
  source: Source,
  specifiers: Specifiers,
  request: () => BuildRequest,
): Promise<BuildIn> {
  const folder = platform.makeTemporaryFolder(temporaryFolder());
  try {
    await buildInto(folder, source, specifiers, request);
    const read = (name: string) => platform.readTextFile(`${folder}/${name}`)!;
    return {
      bundle: read("bundle.js"),
      sourceMap: read("bundle.js.map"),
      metafile: JSON.parse(read("meta.json")),
      folder,
    };
  } finally {
    platform.remove(folder);
  }
}

async function buildInto(
  folder: string,
  source: Source,
  specifiers: Specifiers,
  request: () => BuildRequest,
): Promise<void> {
  for (;;) {
    const { options, ...rest } = request();
    const output = [
      `--outfile=${folder}/bundle.js`,
      `--metafile=${folder}/meta.json`,
      "--log-level=error",
    ];
    const { command, args } = limitedEsbuild([...options, ...output]);
    const result = await platform.run(command, args, { ...rest, timeoutMs: BUILD_TIMEOUT_MS });
    if (result.status === 0) return;
    if (result.status !== ESBUILD_FAILED) throw endedEarly(source);
    // What other files than the program name is known once it was missing.
    const missing = [...result.stderr.matchAll(/Could not resolve "([^"]+)"/g)]
      .map(([, name]) => name!);
    if (await specifiers.add(missing)) continue;
    // The message quotes lines of files.
    const quoted = [...result.stderr.matchAll(LOCATION)].map(([, file]) => file!);
    confine(source, filesOf(source, quoted));
    throw compileFailed(result.stderr, missing[0] && specifiers.hintFor(missing[0]));
  }
}

/** Where the program's imports are looked for first. */
function folderOf(source: Source): string {
  return "code" in source ? source.root : dirname(source.file);
}

/**
 * What esbuild reads from its standard input. A file is imported rather than named: its path may hold
 * anything then, its first line may be `#!`, and it may be CommonJS.
 */
function entryOf(source: Source): string {
  if ("code" in source) return source.code.replace(/^\ufeff?#!/, "//");
  return `import * as program from ${JSON.stringify(source.file)}; Object(program);`;
}

/**
 * esbuild leaves addresses to whoever runs the bundle: a sandbox loads nothing from the web. It also leaves
 * packages that are missing and that the program can do without, as it catches what `require` throws.
 */
function refuseRemoteImports(root: string, { inputs, outputs }: Metafile): void {
  const left = Object.values(outputs).flatMap(({ imports }) => imports);
  const remote = left.find(({ path, external, kind }) =>
    external && (kind === "import-statement" || ADDRESS.test(path))
  )?.path;
  if (remote === undefined) return;
  const isImporter = ([, { imports }]: [string, { imports: Import[] }]) =>
    imports.some(({ path, external }) => external && path === remote);
  const input = Object.entries(inputs).find(isImporter)?.[0] ?? "<stdin>";
  const file = input === "<stdin>" ? CODE_NAME : shownPath(root, resolve(root, input));
  const before = platform.readTextFile(resolve(root, input))?.split(remote)[0] ?? "";
  const line = before.split("\n").length;
  const column = before.length - before.lastIndexOf("\n");
  throw new CapsuleError(
    "compile_failed",
    `${file}:${line}:${column}: cannot import ${JSON.stringify(remote)} from the web`,
    { hint: "install the package into node_modules and import it by its name" },
  );
}

/** What stack traces call a source. A source map has addresses: of a space, `%20`. */
function sourceName(root: string, folder: string, address: string): string {
  const path = decodeURIComponent(address);
  return path.includes("data:") || path.includes("<")
    ? "<capsule>"
    : shownPath(root, resolve(folder, path));
}

/**
 * esbuild puts the exports of the entry last; a function body has none. Of text that calls `eval` it makes
 * a CommonJS module, and exports what that gives.
 */
function withoutExports(bundle: string): string {
  return bundle.replace(/\nexport \{[^{}]*\};\n*$/, "\n")
    .replace(/\nexport default (require_\w+\(\);)\n*$/, "\n$1\n");
}

const OPTIONS = [
  "--bundle",
  "--format=esm",
  // QuickJS has all of ES2024; newer syntax and decorators are lowered.
  "--target=es2024",
  "--platform=neutral",
  "--main-fields=module,main",
  // Not "import": esbuild adds that or "require", as the import is written.
  "--conditions=module",
  // The bundle is the body of a function: no statement of a module may stay in it.
  "--supported:dynamic-import=false",
  "--define:import.meta.main=true",
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
  "--log-limit=0",
  "--color=false",
];

/** The SDK: its names are known, so that a program holds those that it uses. */
const SDK_MODULE = `data:text/javascript,export const { ${SDK_NAMES.join(", ")} } = ${
  imported(SDK)
}`;

const BUILTIN_ALIASES = BUILTIN_IMPORTS.map(([name, builtin]) => alias(name, builtin));

/** Of a text that imports no file: half of the time that a small program takes is that for all of them. */
function namedAliases(text: string): string[] {
  return BUILTIN_IMPORTS.filter(([name]) => text.includes(`${name}"`) || text.includes(`${name}'`))
    .map(([name, builtin]) => alias(name, builtin));
}

/** An import of one of Node's modules becomes a call of the engine. */
function alias(name: string, builtin: string): string {
  return `--alias:${name}=data:text/javascript,module.exports = ${imported(builtin)}`;
}

/**
 * The files among what esbuild names, absolute. What is not known to be something else counts as one: it decides what a
 * program may import.
 */
function filesOf(source: Source, names: string[]): string[] {
  return names.filter((name) => !isNoFile(source, name))
    .flatMap((name) => filesNamed(resolve(source.root, name)));
}

/** Whether it is the program's own text, what an address holds, or a module that a package has disabled. */
function isNoFile(source: Source, name: string): boolean {
  if (name === "<stdin>" || "code" in source && name === CODE_NAME) return true;
  const isMade = name.startsWith("<data:") && name.endsWith(">") || name.startsWith("(disabled):");
  return isMade && !filesNamed(resolve(source.root, name)).some(platform.exists);
}

/** esbuild takes a path for one without `?…` and `#…` where there is no such file, and goes on naming it whole. */
function filesNamed(path: string): string[] {
  if (platform.exists(path)) return [path];
  const shorter = [...path.matchAll(/[?#]/g)].map(({ index }) => path.slice(0, index));
  const found = shorter.filter((path) => platform.stat(path)?.isFolder === false);
  return found.length > 0 ? found : [path];
}

/** All files that esbuild has read. */
function inputsOf(source: Source, metafile: Metafile): string[] {
  return [...filesOf(source, Object.keys(metafile.inputs)), ...namesake(source, metafile)];
}

/** The file that is called as a program without one is, if that imports it. */
function namesake(source: Source, { inputs }: Metafile): string[] {
  const imports = Object.values(inputs).flatMap(({ imports }) => imports);
  const isImported = "code" in source && imports.some(({ path }) => path === CODE_NAME);
  return isImported ? [resolve(source.root, CODE_NAME)] : [];
}

/** Refuses files that a program whose author is not trusted may not read by importing them. */
function confine(source: Source, files: string[]): void {
  if (!source.isConfined) return;
  const folders = [source.root, folderOf(source)].map(platform.realPath);
  const isAllowed = (file: string) => {
    const packages = file.match(/^(.*?)\/node_modules\//)?.[1];
    return packages === undefined
      ? "file" in source && folders.some((folder) => isInside(folder, file))
      : folders.some((folder) => isInside(packages, folder));
  };
  const real = files.map(platform.realPath);
  const refused = real.find((file) => !isAllowed(file));
  if (refused === undefined) return;
  throw new CapsuleError(
    "compile_failed",
    `cannot import ${JSON.stringify(shownPath(source.root, refused))}: ` +
      ("code" in source
        ? "a program that is given as text, and whose policy is limited, imports packages only"
        : "a program whose policy is limited imports nothing from outside its project"),
  );
}

/** Besides what esbuild read: what decides how it finds files, and what a package is. */
function inputFiles(inputs: string[]): string[] {
  const files = new Set<string>();
  for (const path of inputs) {
    files.add(path);
    const packageFolder = path.match(/^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/)?.[0];
    if (packageFolder !== undefined) {
      files.add(join(packageFolder, "package.json"));
      continue;
    }
    // A new file may be what an import means from then on.
    files.add(dirname(path));
    for (let folder = dirname(path);; folder = dirname(folder)) {
      for (const name of ["package.json", "tsconfig.json", "node_modules", ...DENO_CONFIG]) {
        files.add(join(folder, name));
      }
      if (folder === dirname(folder)) break;
    }
  }
  return [...files];
}

/** A limit, or a fault of esbuild's: what it says of that helps nobody. */
function endedEarly(source: Source): CapsuleError {
  const name = "code" in source ? CODE_NAME : shownPath(source.root, source.file);
  return new CapsuleError("compile_failed", `${name}: it takes too much memory or time to bundle`, {
    hint: "import no device, pipe or file of gigabytes",
  });
}

function compileFailed(stderr: string, hint?: string): CapsuleError {
  // The count at the end and advice on options of esbuild help nobody here.
  const message = stderr
    .replace(/\n\d+ errors?\n?$/, "")
    .replace(/\n\n {2}You can mark the path .*/g, "")
    .trim();
  return new CapsuleError("compile_failed", message, { hint });
}

const encoder = new TextEncoder();
