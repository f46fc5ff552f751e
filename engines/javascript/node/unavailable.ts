/** Modules that a sandbox cannot have. To import one is no mistake, as packages import what they may need. */

/** What Node's modules export, by their names. Whoever builds the engine has it from there. */
declare const NODE_EXPORTS: Record<string, string[]>;

/** All that cannot be had at all. */
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

/** A module of which everything exists, and fails by its name once it is used. */
export function unavailable(name: string): Record<string, unknown> {
  const names = NODE_EXPORTS[name] ?? [];
  const all = Object.fromEntries(names.map((key) => [key, missing(`node:${name}`, key)]));
  // The one module that is a function.
  return name === "test" ? Object.assign(all.test as typeof all, all) : all;
}

/** What is there of a module; the rest fails by its name. */
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
