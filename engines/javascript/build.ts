/**
 * Builds the JavaScript engine: bundles it, and snapshots QuickJS with the bundle evaluated.
 *
 * Usage: deno run -A engines/javascript/build.ts OUTPUT.wasm
 */
import { createRequire } from "node:module";
import * as esbuild from "esbuild";

interface ComponentizeQjs {
  componentize(options: {
    witPath: string;
    world: string;
    jsSource: string;
  }): Promise<{ component: Uint8Array }>;
}

const root = new URL("../../", import.meta.url).pathname;
const [output] = Deno.args;
if (!output) throw new TypeError("Usage: build.ts OUTPUT.wasm");

/** A table that few programs need costs megabytes as objects: it stays text until it is looked at. */
const lazyTables: esbuild.Plugin = {
  name: "lazy-tables",
  setup(build) {
    build.onLoad({ filter: /mappingTable\.json$/ }, async ({ path }) => ({
      contents: `
        let table;
        module.exports = new Proxy([], {
          get: (_, key) => (table ??= JSON.parse(text))[key],
        });
        const text = ${JSON.stringify(await Deno.readTextFile(path))};
      `,
    }));
  },
};

/** object-inspect does without Node's `util`, as in browsers. */
const noUtil: esbuild.Plugin = {
  name: "no-util",
  setup(build) {
    build.onLoad({ filter: /object-inspect\/util\.inspect\.js$/ }, () => ({
      contents: "module.exports = {};",
    }));
  },
};

const bundled = await esbuild.build({
  entryPoints: [`${root}engines/javascript/engine.ts`],
  bundle: true,
  write: false,
  format: "esm",
  // QuickJS has all of ES2024; decorators and the like are lowered.
  target: "es2024",
  // Functions keep their source: less of it makes smaller images.
  minifyWhitespace: true,
  minifySyntax: true,
  platform: "neutral",
  mainFields: ["module", "main"],
  external: ["capsule:*"],
  plugins: [lazyTables, noUtil],
});
await esbuild.stop();

// A native addon that npm installed.
const { componentize } = createRequire(import.meta.url)("componentize-qjs") as ComponentizeQjs;
const { component } = await componentize({
  witPath: `${root}engines/wit`,
  world: "javascript",
  jsSource: bundled.outputFiles[0]!.text,
});
await Deno.writeFile(output, component);
