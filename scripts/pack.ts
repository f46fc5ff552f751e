/**
 * Packs the npm packages into build/packages: @capsule/sdk, @capsule/cli, and @capsule/native-… with the native library
 * and the engines.
 *
 * Usage: deno task pack [TARGET…]   the platforms of this release, by npm's names: linux-x64, darwin-arm64. Default: only
 * this machine's. Each machine packs only its own native package.
 */
import { progress, ROOT } from "./common.ts";

const OUTPUT = `${ROOT}build/packages`;
const THIS_TARGET = `${Deno.build.os}-${Deno.build.arch === "x86_64" ? "x64" : "arm64"}`;
const NODE = ">=22.13";
const LIBRARY = Deno.build.os === "darwin" ? "libcapsule.dylib" : "libcapsule.so";

const { version } = await readJson("deno.json");
const { dependencies } = await readJson("package.json");
const targets = Deno.args.length > 0 ? Deno.args : [THIS_TARGET];

/** Fields of all packages. */
const COMMON = {
  version,
  license: "Apache-2.0",
  type: "module",
};

Deno.chdir(ROOT);
const shown = progress("Packing");
await Deno.remove(OUTPUT, { recursive: true }).catch(() => {});
await Promise.all([packSdk(), packCli(), packNative()]);
const files = Array.from(Deno.readDirSync(OUTPUT), ({ name }) => name).filter((name) =>
  name.endsWith(".tgz")
);
shown.done(`packed ${files.sort().join(", ")}`);

async function packSdk(): Promise<void> {
  const folder = `${OUTPUT}/sdk`;
  await Promise.all([
    run(Deno.execPath(), ["run", "-A", "scripts/bundle.ts", "node", `${folder}/dist`]),
    emitTypes(`${folder}/types`),
  ]);
  await copy("engines/wit/world.wit", `${folder}/engines/wit/world.wit`);
  const entry = (name: string) => ({
    types: `./types/${name}.d.ts`,
    default: `./dist/${name}.js`,
  });
  await pack(folder, {
    name: "@capsule/sdk",
    description:
      "Runs untrusted TypeScript, JavaScript and Python, each call of a task in its own " +
      "WebAssembly sandbox",
    ...COMMON,
    engines: { node: NODE },
    exports: {
      ".": entry("mod"),
      "./runner": entry("runner"),
      "./cli": entry("cli"),
      "./package.json": "./package.json",
    },
    dependencies,
    optionalDependencies: Object.fromEntries(
      targets.map((target) => [`@capsule/native-${target}`, version]),
    ),
  });
}

async function packCli(): Promise<void> {
  const folder = `${OUTPUT}/cli`;
  await copy("scripts/npm/capsule.js", `${folder}/bin/capsule.js`);
  await pack(folder, {
    name: "@capsule/cli",
    description: "The command capsule: runs programs in WebAssembly sandboxes",
    ...COMMON,
    engines: { node: NODE },
    bin: { capsule: "bin/capsule.js" },
    dependencies: { "@capsule/sdk": version },
  });
}

async function packNative(): Promise<void> {
  const folder = `${OUTPUT}/native-${THIS_TARGET}`;
  const [os, cpu] = THIS_TARGET.split("-");
  await copy(`build/native/${LIBRARY}`, `${folder}/native/${LIBRARY}`);
  for (const name of ["engines.json", "javascript.wasm", "python.wasm"]) {
    await copy(`build/engines/${name}`, `${folder}/engines/${name}`);
  }
  // For Capsule from JSR, which has source files only.
  await copy("engines/wit/world.wit", `${folder}/engines/wit/world.wit`);
  await copy("scripts/npm/native.js", `${folder}/index.js`);
  const esbuild = `@esbuild/${THIS_TARGET}`;
  const { version: esbuildVersion } = await readJson(`node_modules/${esbuild}/package.json`);
  await pack(folder, {
    name: `@capsule/native-${THIS_TARGET}`,
    description: `The native library of @capsule/sdk for ${THIS_TARGET}, and the language engines`,
    ...COMMON,
    exports: { ".": "./index.js", "./package.json": "./package.json" },
    dependencies: { [esbuild]: esbuildVersion },
    os: [os],
    cpu: [cpu],
    ...(os === "linux" ? { libc: ["glibc"] } : {}),
  });
}

/** Writes type declarations of the entry files and of the modules that they import. */
async function emitTypes(folder: string): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  const deno = `${folder}/deno.d.ts`;
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["types"] }).output();
  await Deno.writeFile(deno, stdout);
  await run("node_modules/.bin/tsc", [
    ...["mod.ts", "runner.ts", "cli.ts", deno, "--ignoreConfig", "--emitDeclarationOnly"],
    ...["--declaration", "--rootDir", ".", "--outDir", folder, "--allowImportingTsExtensions"],
    ...["--module", "esnext", "--moduleResolution", "bundler", "--target", "es2024"],
    ...["--lib", "esnext", "--types", "node", "--skipLibCheck", "--strict"],
    ...["--exactOptionalPropertyTypes", "--noUncheckedIndexedAccess"],
  ]);
  await Deno.remove(deno);
  const reached = new Set<string>();
  const reach = async (path: string): Promise<void> => {
    if (reached.has(path)) return;
    reached.add(path);
    const text = await Deno.readTextFile(path);
    const imports = [...text.matchAll(/(?:from|import\() ?"(\.[^"]*)\.ts"/g)].map(([, name]) =>
      name
    );
    for (const name of imports) await reach(new URL(`${name}.d.ts`, `file://${path}`).pathname);
    const renamed = text.replace(/((?:from|import\() ?"\.[^"]*)\.ts"/g, '$1.js"');
    await Deno.writeTextFile(path, renamed);
  };
  for (const name of ["mod", "runner", "cli"]) await reach(`${folder}/${name}.d.ts`);
  await removeOthers(folder, reached);
}

async function removeOthers(folder: string, kept: Set<string>): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) await removeOthers(path, kept);
    else if (!kept.has(path)) await Deno.remove(path);
  }
  await Deno.remove(folder).catch(() => {});
}

async function pack(folder: string, manifest: Record<string, unknown>): Promise<void> {
  await copy("LICENSE", `${folder}/LICENSE`);
  await copy("README.md", `${folder}/README.md`);
  await Deno.writeTextFile(`${folder}/package.json`, JSON.stringify(manifest, undefined, 2) + "\n");
  await run("npm", ["pack", folder, "--pack-destination", OUTPUT, "--silent", "--ignore-scripts"]);
}

async function copy(from: string, to: string): Promise<void> {
  await Deno.mkdir(to.slice(0, to.lastIndexOf("/")), { recursive: true });
  await Deno.copyFile(from, to);
}

async function run(command: string, args: string[]): Promise<void> {
  const { success, stdout, stderr } = await new Deno.Command(command, { args }).output();
  if (success) return;
  shown.failed("Packing");
  for (const output of [stdout, stderr]) await Deno.stderr.write(output);
  Deno.exit(1);
}

async function readJson(path: string): Promise<Record<string, never>> {
  return JSON.parse(await Deno.readTextFile(ROOT + path));
}
