/** The sources of Node's modules: libraries, and files of this folder. */

/** jco's implementations of Node's modules. */
export const JCO = "@bytecodealliance/jco-std/wasi/0.2.x/node/24.x.x";

/** The source of each module, by its name without `node:`. */
export const BUILTIN_SOURCES: Record<string, string> = {
  assert: "./assert.ts",
  "assert/strict": "./assert_strict.ts",
  async_hooks: "./async/async_hooks.ts",
  buffer: "./buffer.ts",
  console: "./console.ts",
  crypto: "./crypto/crypto.ts",
  diagnostics_channel: `${JCO}/diagnostics-channel`,
  events: "./events.ts",
  fs: "./files/fs.ts",
  "fs/promises": "./files/fs_promises.ts",
  http: "./http/http.ts",
  https: "./http/https.ts",
  module: "./module.ts",
  net: "./http/net.ts",
  os: "./process/os.ts",
  path: "./files/path.ts",
  "path/posix": "./files/path_posix.ts",
  perf_hooks: "./async/perf_hooks.ts",
  process: "./process/process.ts",
  punycode: "punycode/punycode.js",
  querystring: "unenv/node/querystring",
  stream: "./streams/stream.ts",
  "stream/consumers": `${JCO}/stream/consumers`,
  "stream/promises": `${JCO}/stream/promises`,
  "stream/web": "./streams/stream_web.ts",
  string_decoder: "string_decoder/lib/string_decoder.js",
  sys: "./util.ts",
  timers: "./async/timers.ts",
  "timers/promises": "./async/timers_promises.ts",
  tty: "./process/tty.ts",
  url: "unenv/node/url",
  util: "./util.ts",
  "util/types": "./util_types.ts",
  worker_threads: "./process/worker_threads.ts",
  zlib: "./streams/zlib.ts",
};

/** The file with the host functions that a module of jco-std imports. */
export function hostSource(root: string, name: string): string {
  const [module] = name.split("@");
  if (module === "fs" || module === "zlib") {
    return `${root}engines/javascript/node/host/${module}.ts`;
  }
  throw new Error(`there is no host for node:${module}`);
}
