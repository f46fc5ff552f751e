/**
 * Bundles the command line for Deno, or the command line and the API for Node, so that a start reads few files.
 *
 * Usage: deno run -A scripts/bundle.ts deno|node FOLDER
 */
import * as esbuild from "esbuild";
import { ROOT } from "./common.ts";
import { compiledAtOnce } from "./eager.ts";

const [runtime, folder] = Deno.args;
if (runtime !== "deno" && runtime !== "node" || folder === undefined) {
  throw new TypeError("Usage: bundle.ts deno|node FOLDER");
}

/** Replaces the files that choose the runtime at run time by those of the bundle's runtime. */
const oneRuntime: esbuild.Plugin = {
  name: "one-runtime",
  setup(build) {
    build.onResolve({ filter: /\/(?:binding|platform\/mod)\.ts$/ }, ({ path, resolveDir }) => {
      const room = new URL(`file://${resolveDir}/${path}`).pathname.replace(/[^/]*$/, "");
      return { path: `${room}${runtime}.ts` };
    });
  },
};

/** Packages that few starts need: each becomes a separate file. */
const PACKAGES = ["jsonc-parser", "semver", "smol-toml"];
/** A file of ours that also becomes a separate file, with the packages that it imports. */
const PARSER = "typescript_parser";

const apart: esbuild.Plugin = {
  name: "apart",
  setup(build) {
    const filter = new RegExp(`^(?:${PACKAGES.join("|")})$`);
    build.onResolve({ filter }, ({ path }) => ({ path: `./${path}.js`, external: true }));
    build.onResolve(
      { filter: new RegExp(`/${PARSER}\\.ts$`) },
      ({ kind }) => kind === "entry-point" ? undefined : { path: `./${PARSER}.js`, external: true },
    );
  },
};

const shared: esbuild.BuildOptions = {
  absWorkingDir: ROOT,
  outdir: folder,
  bundle: true,
  format: "esm",
  charset: "utf8",
  logLevel: "warning",
};

const forDeno: esbuild.BuildOptions = {
  ...shared,
  platform: "neutral",
  target: "es2024",
  mainFields: ["module", "main"],
  external: ["node:*"],
  minifySyntax: true,
  minifyWhitespace: true,
};

const commandLine: esbuild.BuildOptions = {
  ...forDeno,
  entryPoints: ["cli.ts"],
  splitting: true,
  chunkNames: "[name]-[hash]",
};

/** The module whose static imports every `capsule run` needs. */
const ALWAYS = `${ROOT}cli/main.ts`;

/**
 * Puts all modules that a start always needs into one chunk. By itself, esbuild makes a chunk for each set of modules that
 * is loaded together. This adds an import of `ALWAYS` to every module that is loaded later, so those sets become equal.
 */
async function oneChunkForStart(): Promise<esbuild.Plugin> {
  const plugins = [oneRuntime, apart];
  const { metafile } = await esbuild.build({
    ...commandLine,
    plugins,
    metafile: true,
    write: false,
  });
  const later = Object.values(metafile.outputs).map(({ entryPoint }) => entryPoint)
    .filter((path) => path !== undefined && path !== "cli.ts").map((path) => ROOT + path);
  return {
    name: "always-needed",
    setup(build) {
      build.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        if (!later.includes(path)) return undefined;
        const source = await Deno.readTextFile(path);
        return { contents: `import ${JSON.stringify(ALWAYS)};\n${source}`, loader: "ts" };
      });
    },
  };
}

try {
  if (runtime === "deno") {
    const plugins = [oneRuntime, apart, await oneChunkForStart()];
    const { outputFiles } = await esbuild.build({ ...commandLine, plugins, write: false });
    Deno.mkdirSync(folder, { recursive: true });
    for (const { path, text } of outputFiles) Deno.writeTextFileSync(path, compiledAtOnce(text));
    const packages = Object.fromEntries(PACKAGES.map((name) => [name, name]));
    await esbuild.build({
      ...forDeno,
      entryPoints: { ...packages, [PARSER]: `compiler/typescript/plain/${PARSER}.ts` },
    });
  } else {
    await esbuild.build({
      ...shared,
      entryPoints: ["mod.ts", "runner.ts", "cli.ts"],
      splitting: true,
      chunkNames: "[name]-[hash]",
      plugins: [oneRuntime],
      // npm installs the dependencies.
      platform: "node",
      target: "node22.13",
      packages: "external",
    });
  }
} catch {
  // esbuild has printed the error.
  Deno.exitCode = 1;
} finally {
  await esbuild.stop();
}
