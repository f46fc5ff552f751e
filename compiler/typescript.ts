import { CapsuleError } from "../errors.ts";
import { platform } from "../platform/mod.ts";
import { dirname, isInside, join, resolve } from "../platform/path.ts";
import { type Compiled, shownPath, type Source } from "./program.ts";
import { DENO_CONFIG, Specifiers } from "./specifiers.ts";
import { esbuildPath } from "./installation.ts";
import { temporaryFolder } from "./tools.ts";

/** What the engine knows the SDK by. */
const SDK = "@capsule/sdk";
/** What a program that is no file is called. */
const CODE_NAME = "code.ts";

/** Node's built-in modules. */
const BUILTINS = [
  "assert",
  "assert/strict",
  "async_hooks",
  "buffer",
  "child_process",
  "cluster",
  "console",
  "constants",
  "crypto",
  "dgram",
  "diagnostics_channel",
  "dns",
  "dns/promises",
  "domain",
  "events",
  "fs",
  "fs/promises",
  "http",
  "http2",
  "https",
  "inspector",
  "inspector/promises",
  "module",
  "net",
  "os",
  "path",
  "path/posix",
  "path/win32",
  "perf_hooks",
  "process",
  "punycode",
  "querystring",
  "readline",
  "readline/promises",
  "repl",
  "stream",
  "stream/consumers",
  "stream/promises",
  "stream/web",
  "string_decoder",
  "sys",
  "timers",
  "timers/promises",
  "tls",
  "trace_events",
  "tty",
  "url",
  "util",
  "util/types",
  "v8",
  "vm",
  "wasi",
  "worker_threads",
  "zlib",
];

/** Those that Node has only with its prefix. */
const PREFIXED_BUILTINS = ["sqlite", "test"];

const ADDRESS = /^(?:[a-z]+:)?\/\//;
/** Where a message of esbuild points. */
const LOCATION = /^ {4}(\S.*?):\d+:\d+:$/gm;

interface Metafile {
  inputs: Record<string, { imports: Import[] }>;
  outputs: Record<string, { imports: Import[] }>;
}

interface Import {
  path: string;
  /** It was left to whoever runs the bundle. */
  external?: boolean;
  kind: string;
}

/**
 * Bundles a TypeScript or JavaScript program with all that it imports, by esbuild.
 *
 * @throws {CapsuleError} `compile_failed` with esbuild's message, which names file, line and column.
 */
export async function bundleTypeScript(source: Source): Promise<Compiled> {
  const { root } = source;
  const folder = platform.makeTemporaryFolder(temporaryFolder());
  try {
    await bundleInto(folder, source);
    const metafile = JSON.parse(platform.readTextFile(`${folder}/meta.json`)!) as Metafile;
    const files = Object.keys(metafile.inputs).filter(isFile).map((path) => resolve(root, path));
    confine(source, files);
    refuseRemoteImports(root, metafile);
    const bundle = withoutExports(platform.readTextFile(`${folder}/bundle.js`)!);
    const map = JSON.parse(platform.readTextFile(`${folder}/bundle.js.map`)!);
    map.sources = map.sources.map((path: string) => sourceName(root, folder, path));
    const name = "code" in source ? CODE_NAME : shownPath(root, source.file);
    return {
      program: {
        language: "javascript",
        name,
        files: [{ path: name, data: encoder.encode(bundle) }],
        sourceMap: encoder.encode(JSON.stringify(map)),
      },
      inputs: inputFiles(files),
    };
  } finally {
    platform.remove(folder);
  }
}

/** Writes the bundle, its source map and its metafile into a folder. */
async function bundleInto(folder: string, source: Source): Promise<void> {
  const text = "code" in source ? source.code : platform.readTextFile(source.file)!;
  const specifiers = await Specifiers.of(folderOf(source), text);
  for (;;) {
    const result = await platform.run(
      esbuildPath(),
      [
        ...OPTIONS,
        `--outfile=${folder}/bundle.js`,
        `--metafile=${folder}/meta.json`,
        "--loader=ts",
        ...("code" in source ? [`--sourcefile=${CODE_NAME}`] : []),
        ...specifiers.options,
        ...specifiers.sdk.map((name) => alias(name, SDK)),
      ],
      { cwd: source.root, input: entryOf(source) },
    );
    if (result.success) return;
    // What other files than the program name is known once it was missing.
    const missing = [...result.stderr.matchAll(/Could not resolve "([^"]+)"/g)]
      .map(([, name]) => name!);
    if (await specifiers.add(missing)) continue;
    // The message quotes lines of files.
    const quoted = [...result.stderr.matchAll(LOCATION)].map(([, file]) => file!);
    confine(source, quoted.filter(isFile).map((file) => resolve(source.root, file)));
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
  "--log-level=error",
  "--log-limit=0",
  "--color=false",
  ...BUILTINS.flatMap((name) => [alias(name, name), alias(`node:${name}`, name)]),
  ...PREFIXED_BUILTINS.map((name) => alias(`node:${name}`, name)),
];

/** An import of the SDK or of one of Node's modules becomes a call of the engine. */
function alias(name: string, builtin: string): string {
  const code = `module.exports = globalThis[Symbol.for("capsule.import")]("${builtin}")`;
  return `--alias:${name}=data:text/javascript,${code}`;
}

/** Whether an input of esbuild is a file, and not what it was given or what Capsule puts in its place. */
function isFile(input: string): boolean {
  return !input.startsWith("<") && !input.startsWith("(") && !input.includes("data:");
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
  const real = files.filter((file) => platform.stat(file)).map(platform.realPath);
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

function compileFailed(stderr: string, hint?: string): CapsuleError {
  // The count at the end and advice on options of esbuild help nobody here.
  const message = stderr
    .replace(/\n\d+ errors?\n?$/, "")
    .replace(/\n\n {2}You can mark the path .*/g, "")
    .trim();
  return new CapsuleError("compile_failed", message, { hint });
}

const encoder = new TextEncoder();
