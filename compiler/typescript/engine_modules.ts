/** The modules that the engine has: the SDK, and those of Node. */

/** What the engine knows the SDK by. */
export const SDK = "@capsule/sdk";
/** What most programs use of what it exports there. */
export const SDK_COMMON_NAMES = ["TaskError", "open", "run", "task", "unwrap"];
/** All that it exports there. */
export const SDK_NAMES = [
  ...SDK_COMMON_NAMES,
  ...["fs", "fsPromises", "isWasmMode", "os", "path", "process"],
];

/** Node's built-in modules. */
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
  "inspector/promises",
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

/** Those that Node has only with its prefix. */
const PREFIXED_BUILTINS = ["sqlite", "test"];

/** How Node's modules are imported, and what the engine knows them by. */
export const BUILTIN_IMPORTS = [
  ...BUILTINS.flatMap((name) => [[name, name], [`node:${name}`, name]] as const),
  ...PREFIXED_BUILTINS.map((name) => [`node:${name}`, name] as const),
];

/** An import of a module of the engine, as an expression. */
export function imported(builtin: string): string {
  return `globalThis[Symbol.for("capsule.import")]("${builtin}")`;
}
