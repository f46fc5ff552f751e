/**
 * Bundles the command line, and for npm the API, for one runtime: a start reads one file, or some, instead of seventy.
 *
 * Usage: deno run -A scripts/bundle.ts deno|node FOLDER
 */
import * as esbuild from "esbuild";
import { ROOT } from "./common.ts";

const [runtime, folder] = Deno.args;
if (runtime !== "deno" && runtime !== "node" || folder === undefined) {
  throw new TypeError("Usage: bundle.ts deno|node FOLDER");
}

/** The files that choose between runtimes while they run: a bundle is for one, and awaits nothing for that. */
const oneRuntime: esbuild.Plugin = {
  name: "one-runtime",
  setup(build) {
    build.onResolve({ filter: /\/(?:binding|platform\/mod)\.ts$/ }, ({ path, resolveDir }) => {
      const room = new URL(`file://${resolveDir}/${path}`).pathname.replace(/[^/]*$/, "");
      return { path: `${room}${runtime}.ts` };
    });
  },
};

/** Packages that few starts need: each is a file of its own. */
const PACKAGES = ["jsonc-parser", "semver", "smol-toml"];
/** So is a file of our own, for packages that belong together. */
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

try {
  if (runtime === "deno") {
    await esbuild.build({
      ...forDeno,
      // One file: 0.8 ms less at each start than 39 chunks.
      entryPoints: ["cli.ts"],
      plugins: [oneRuntime, apart],
      // Deno keeps what V8 compiles of a file when that is loaded. By the comment, that is every function: 4 ms less at
      // each start than to compile them when they are called.
      banner: { js: "//# allFunctionsCalledOnLoad" },
    });
    const packages = Object.fromEntries(PACKAGES.map((name) => [name, name]));
    await esbuild.build({
      ...forDeno,
      entryPoints: { ...packages, [PARSER]: `compiler/${PARSER}.ts` },
    });
  } else {
    await esbuild.build({
      ...shared,
      entryPoints: ["mod.ts", "runner.ts", "cli.ts"],
      splitting: true,
      chunkNames: "[name]-[hash]",
      plugins: [oneRuntime],
      // npm installs what it depends on.
      platform: "node",
      target: "node22.13",
      packages: "external",
    });
  }
} catch {
  // esbuild has told why.
  Deno.exitCode = 1;
} finally {
  await esbuild.stop();
}
