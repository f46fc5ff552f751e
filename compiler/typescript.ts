import { CapsuleError } from "../errors.ts";
import { platform } from "../platform/mod.ts";
import { dirname, join, resolve } from "../platform/path.ts";
import { type Compiled, shownPath, type Source } from "./program.ts";
import { esbuildPath, temporaryFolder } from "./tools.ts";

/** What a program that is no file is called. */
const CODE_NAME = "code.ts";

/** How a program may name the SDK. */
const SDK = ["@capsule/sdk", "@capsule-run/sdk"];

/** Node's built-in modules, without those that Node has only with its prefix. */
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

interface Metafile {
  inputs: Record<string, unknown>;
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
    const fromCode = "code" in source;
    const result = await platform.run(
      esbuildPath(),
      [
        ...OPTIONS,
        `--outfile=${folder}/bundle.js`,
        `--metafile=${folder}/meta.json`,
        ...registryImports(source, folder),
        ...(fromCode ? ["--loader=ts", `--sourcefile=${CODE_NAME}`] : [source.file]),
      ],
      { cwd: root, input: fromCode ? source.code : "" },
    );
    if (!result.success) throw compileFailed(result.stderr);
    const bundle = withoutExports(platform.readTextFile(`${folder}/bundle.js`)!);
    const { inputs } = JSON.parse(platform.readTextFile(`${folder}/meta.json`)!) as Metafile;
    const map = JSON.parse(platform.readTextFile(`${folder}/bundle.js.map`)!);
    map.sources = map.sources.map((path: string) => shownPath(root, resolve(folder, path)));
    const name = fromCode ? CODE_NAME : shownPath(root, source.file);
    return {
      program: {
        language: "javascript",
        name,
        files: [{ path: name, data: encoder.encode(bundle) }],
        sourceMap: encoder.encode(JSON.stringify(map)),
      },
      inputs: inputFiles(root, folder, Object.keys(inputs)),
    };
  } finally {
    platform.remove(folder);
  }
}

/** esbuild puts the exports of the entry last; a function body has none. */
function withoutExports(bundle: string): string {
  return bundle.replace(/\nexport \{[^{}]*\};\n*$/, "\n");
}

const OPTIONS = [
  "--bundle",
  "--format=esm",
  // QuickJS has all of ES2024; newer syntax and decorators are lowered.
  "--target=es2024",
  "--platform=neutral",
  "--main-fields=module,main",
  "--conditions=module,import",
  // The bundle is the body of a function: no statement of a module may stay in it.
  "--supported:dynamic-import=false",
  "--define:import.meta.main=true",
  '--define:import.meta.url="file:///main.ts"',
  '--define:import.meta.dirname="/"',
  '--define:import.meta.filename="/main.ts"',
  "--define:import.meta=undefined",
  "--jsx=automatic",
  // Otherwise they would stand behind the exports.
  "--legal-comments=inline",
  "--sources-content=false",
  "--sourcemap=external",
  "--log-level=error",
  "--color=false",
  ...aliases(),
];

/** Imports of the SDK and of Node's modules become calls of the engine. */
function aliases(): string[] {
  const names = [...SDK, ...BUILTINS.flatMap((name) => [name, `node:${name}`])];
  return names.map((name) => `--alias:${name}=${builtin(name)}`);
}

function builtin(name: string): string {
  return `data:text/javascript,${importing(SDK.includes(name) ? SDK[0]! : name)}`;
}

function importing(name: string): string {
  return `module.exports = globalThis[Symbol.for("capsule.import")]("${name}")`;
}

/**
 * The SDK under its names in registries, with or without a version: an alias knows no patterns, the
 * paths of a tsconfig do. A project's own tsconfig counts for nothing then.
 */
function registryImports(source: Source, folder: string): string[] {
  const text = "code" in source ? source.code : platform.readTextFile(source.file) ?? "";
  if (!/["'](?:jsr|npm):@capsule/.test(text)) return [];
  const file = `${folder}/sdk.js`;
  platform.replaceFile(file, importing(SDK[0]!));
  const names = ["jsr", "npm"].flatMap((registry) => SDK.map((name) => `${registry}:${name}`));
  const paths = Object.fromEntries(
    names.flatMap((name) => [[name, [file]], [`${name}@*`, [file]]]),
  );
  return [`--tsconfig-raw=${JSON.stringify({ compilerOptions: { paths } })}`];
}

/** Besides what esbuild read: the files that decide what a package is. */
function inputFiles(root: string, temporary: string, inputs: string[]): string[] {
  const files = new Set<string>();
  for (const input of inputs) {
    if (input.startsWith("<") || input.startsWith("(") || input.includes("data:")) continue;
    const path = resolve(root, input);
    if (path.startsWith(`${temporary}/`)) continue;
    files.add(path);
    const packageFolder = path.match(/^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/)?.[0] ?? dirname(path);
    files.add(join(packageFolder, "package.json"));
  }
  files.add(join(root, "tsconfig.json"));
  return [...files];
}

function compileFailed(stderr: string): CapsuleError {
  // The count at the end and advice on options of esbuild help nobody here.
  const message = stderr
    .replace(/\n\d+ errors?\n?$/, "")
    .replace(/\n\n {2}You can mark the path .*/g, "")
    .trim();
  return new CapsuleError("compile_failed", message);
}

const encoder = new TextEncoder();
