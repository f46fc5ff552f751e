/** Where Node's modules come from: libraries that are kept for that, and files of this folder. */

/** What jco has for components that import Node's modules. */
export const JCO = "@bytecodealliance/jco-std/wasi/0.2.x/node/24.x.x";

/** By the name of the module, without `node:`. */
export const BUILTIN_SOURCES: Record<string, string> = {
  assert: "./assert.ts",
  "assert/strict": "./assert_strict.ts",
  async_hooks: "./async_hooks.ts",
  buffer: "./buffer.ts",
  console: "./console.ts",
  crypto: "./crypto.ts",
  diagnostics_channel: `${JCO}/diagnostics-channel`,
  events: "./events.ts",
  fs: "./fs.ts",
  "fs/promises": "./fs_promises.ts",
  http: "./http.ts",
  https: "./https.ts",
  module: "./module.ts",
  net: "./net.ts",
  os: "./os.ts",
  path: "./path.ts",
  "path/posix": "./path_posix.ts",
  perf_hooks: "./perf_hooks.ts",
  process: "./process.ts",
  punycode: "punycode/punycode.js",
  querystring: "unenv/node/querystring",
  stream: "./stream.ts",
  "stream/consumers": `${JCO}/stream/consumers`,
  "stream/promises": `${JCO}/stream/promises`,
  "stream/web": "./stream_web.ts",
  string_decoder: "string_decoder/lib/string_decoder.js",
  sys: "./util.ts",
  timers: "./timers.ts",
  "timers/promises": "./timers_promises.ts",
  tty: "./tty.ts",
  url: "unenv/node/url",
  util: "./util.ts",
  "util/types": "./util_types.ts",
  worker_threads: "./worker_threads.ts",
  zlib: "./zlib.ts",
};

/** What a module of jco-std asks of its host: the file that gives it. */
export function hostSource(root: string, name: string): string {
  const [module] = name.split("@");
  if (module === "fs" || module === "zlib") {
    return `${root}engines/javascript/node/host/${module}.ts`;
  }
  throw new Error(`there is no host for node:${module}`);
}
