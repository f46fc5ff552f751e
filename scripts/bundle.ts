/**
 * Bundles the command line, and for npm the API, for one runtime: a start reads one file, or some, instead of seventy.
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

const commandLine: esbuild.BuildOptions = {
  ...forDeno,
  entryPoints: ["cli.ts"],
  splitting: true,
  chunkNames: "[name]-[hash]",
};

/** What a start of `capsule run` always needs: all that this imports, but what is loaded when it is asked for. */
const ALWAYS = `${ROOT}cli/main.ts`;

/**
 * Puts what a start always needs into one file. esbuild has a file for each set of modules that is loaded together, 39
 * of them, which takes 0.8 ms more than one; one file of everything takes 0.9 ms more than what is needed. So
 * whatever is loaded later imports what is always there, and nothing tells its modules from each other.
 */
async function whatIsAlwaysNeeded(): Promise<esbuild.Plugin> {
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
    const plugins = [oneRuntime, apart, await whatIsAlwaysNeeded()];
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
