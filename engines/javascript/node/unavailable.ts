/** Modules that a sandbox cannot have. They can be imported, as packages import modules that they may not need. */

/** The exports of Node's modules, copied from Node when the engine is built. */
declare const NODE_EXPORTS: Record<string, string[]>;

/** Modules that are missing as a whole. */
export const UNAVAILABLE = [
  "child_process",
  "cluster",
  "dgram",
  "dns",
  "dns/promises",
  "domain",
  "http2",
  "inspector",
  "inspector/promises",
  "readline",
  "readline/promises",
  "repl",
  "sqlite",
  "test",
  "tls",
  "trace_events",
  "v8",
  "vm",
  "wasi",
];

/** A module whose exports exist and throw when they are used. */
export function unavailable(name: string): Record<string, unknown> {
  const names = NODE_EXPORTS[name] ?? [];
  const all = Object.fromEntries(names.map((key) => [key, missing(`node:${name}`, key)]));
  // The one module that is a function.
  return name === "test" ? Object.assign(all.test as typeof all, all) : all;
}

/** A module with some exports; the others throw when they are used. */
export function partly<T extends object>(name: string, own: T): T {
  return { ...unavailable(name), ...own };
}

function missing(module: string, key: string): unknown {
  // A class can extend it.
  return function () {
    throw Object.assign(
      new Error(`Cannot use ${key} of "${module}": the module is not available in a sandbox`),
      { code: "ERR_NOT_AVAILABLE_IN_SANDBOX" },
    );
  };
}
