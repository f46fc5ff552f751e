/**
 * Bundles the command line and the API for one runtime: a start reads some files instead of seventy.
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

try {
  await esbuild.build({
    absWorkingDir: ROOT,
    entryPoints: ["mod.ts", "runner.ts", "cli.ts"],
    outdir: folder,
    bundle: true,
    splitting: true,
    format: "esm",
    charset: "utf8",
    chunkNames: "[name]-[hash]",
    logLevel: "warning",
    plugins: [oneRuntime],
    ...(runtime === "node"
      // npm installs what it depends on.
      ? { platform: "node", target: "node22.13", packages: "external" }
      // Deno keeps what V8 compiles of a file when that is loaded. By the comment, that is every function: 4 ms less
      // at each start than to compile them when they are called.
      : {
        banner: { js: "//# allFunctionsCalledOnLoad" },
        platform: "neutral",
        target: "es2024",
        mainFields: ["module", "main"],
        external: ["node:*"],
        minifySyntax: true,
        minifyWhitespace: true,
      }),
  });
} catch {
  // esbuild has told why.
  Deno.exitCode = 1;
} finally {
  await esbuild.stop();
}
