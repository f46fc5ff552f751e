/**
 * Builds the JavaScript engine: bundles it, and snapshots QuickJS with the bundle evaluated.
 *
 * Usage: deno run -A engines/javascript/build.ts OUTPUT.wasm
 */
import { METHODS, STATUS_CODES } from "node:http";
import { createRequire } from "node:module";
import * as esbuild from "esbuild";
import { nodeInspect } from "./inspect/patch.ts";
import { patchRuntime } from "./runtime/tracker.ts";
import { withPeek } from "./runtime/peek.ts";
import { UNAVAILABLE } from "./node/unavailable.ts";
import { BUILTIN_SOURCES, hostSource, JCO } from "./node/sources.ts";

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

/** The names that Node's modules export. */
async function exportsOfNode(): Promise<Record<string, string[]>> {
  const names = [...UNAVAILABLE, "crypto", "http", "https", "net", "tty", "worker_threads"];
  const exports = names.map(async (name) => {
    const module = await import(`node:${name}`);
    return [name, Object.keys(module).filter((key) => key !== "default")];
  });
  return Object.fromEntries(await Promise.all(exports));
}

/** Keeps a large table as text until it is used: as objects it would cost megabytes. */
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

/**
 * Uses the table of international domain names only for those: it takes 70 million fuel to read, and the URL standard
 * only lowercases plain names.
 */
const plainDomains: esbuild.Plugin = {
  name: "plain-domains",
  setup(build) {
    build.onLoad({ filter: /\/tr46\/index\.js$/ }, async ({ path }) => ({
      contents: `${await Deno.readTextFile(path)}
        module.exports.toASCII = (domain, options) => {
          const isPlain = !options.verifyDNSLength && !options.useSTD3ASCIIRules &&
            /^[\\x00-\\x7f]*$/.test(domain) && !/(?:^|\\.)xn--/i.test(domain);
          return isPlain ? domain.toLowerCase() : toASCII(domain, options);
        };
      `,
    }));
  },
};

/** Resolves imports of Node's modules in libraries to those that programs get. */
const nodeModules: esbuild.Plugin = {
  name: "node-modules",
  setup(build) {
    build.onResolve({ filter: /^jco:node\// }, ({ path }) => ({
      path: hostSource(root, path.slice("jco:node/".length)),
    }));
    build.onResolve({ filter: /^(?:node:)?[a-z_]+(?:\/[a-z_]+)?\/?$/ }, async (request) => {
      const { path, importer, kind } = request;
      const name = path.replace(/^node:/, "").replace(/\/$/, "");
      // The process has streams itself: what they need of it stands alone.
      const source = name === "process" && importer.includes("/readable-stream/")
        ? `${JCO}/stream/scheduler`
        : BUILTIN_SOURCES[name];
      // undici asks what there is by what a module has.
      if (source === undefined && path.startsWith("node:")) return { path, namespace: "missing" };
      if (source === undefined) return undefined;
      // A builtin that is made of a package of its own name.
      const isOwn = !path.startsWith("node:") && importer.includes("engines/javascript/node/");
      if (isOwn) return undefined;
      const resolveDir = `${root}engines/javascript/node`;
      const resolved = await build.resolve(source, { kind: "import-statement", resolveDir });
      if (kind !== "require-call") return resolved;
      return { path: name, namespace: "required", pluginData: resolved.path };
    });
    // Who requires a module of Node's gets it, not what it exports.
    build.onLoad({ filter: /.*/, namespace: "required" }, ({ pluginData }) => ({
      contents: `const module_ = require(${JSON.stringify(pluginData)});
        module.exports = module_.default ?? module_;`,
      resolveDir: root,
    }));
    build.onLoad({ filter: /.*/, namespace: "missing" }, () => ({
      contents: "module.exports = {};",
    }));
    // What undici sends by sockets.
    build.onResolve(
      { filter: /^\.\.\/\.\.\/global$/ },
      ({ importer }) =>
        importer.includes("/undici/lib/web/")
          ? { path: `${root}engines/javascript/dispatcher.ts` }
          : undefined,
    );
    // What readable-stream falls back to where the platform has none.
    build.onResolve({ filter: /^abort-controller$/ }, () => ({
      path: `${root}engines/javascript/globals/web/abort.ts`,
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
  define: {
    HTTP_NAMES: JSON.stringify({ METHODS, STATUS_CODES }),
    NODE_EXPORTS: JSON.stringify(await exportsOfNode()),
  },
  external: ["capsule:*"],
  plugins: [
    lazyTables,
    plainDomains,
    nodeInspect(`${root}engines/javascript/inspect`),
    nodeModules,
  ],
  metafile: true,
});
await esbuild.stop();
if (Deno.env.has("CAPSULE_ANALYZE")) {
  console.log(await esbuild.analyzeMetafile(bundled.metafile));
}

// A native addon that npm installed.
const { componentize } = createRequire(import.meta.url)("componentize-qjs") as ComponentizeQjs;
const { component } = await componentize({
  witPath: `${root}engines/wit`,
  world: "javascript",
  jsSource: bundled.outputFiles[0]!.text,
});
await Deno.writeFile(output, withPeek(patchRuntime(component)));
