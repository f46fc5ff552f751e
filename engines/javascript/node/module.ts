/** `node:module`: only Node's own modules can be loaded at run time. */
import { BUILTIN_SOURCES } from "./sources.ts";
import { UNAVAILABLE } from "./unavailable.ts";

interface Require {
  (name: string): unknown;
  resolve(name: string): string;
  cache: Record<string, unknown>;
  extensions: Record<string, unknown>;
  main: undefined;
}

const builtinModules = [...Object.keys(BUILTIN_SOURCES), ...UNAVAILABLE].sort();
let find: (name: string) => unknown;

function createRequire(): Require {
  const resolve = (name: string) => {
    if (Module.isBuiltin(name)) return name;
    // Packages with optional dependencies check the code.
    throw Object.assign(
      new Error(`Cannot find module '${name}': it is not in the program's bundle`),
      { code: "MODULE_NOT_FOUND" },
    );
  };
  const require = (name: string) => find(resolve(name).replace(/^node:/, ""));
  return Object.assign(require, { resolve, cache: {}, extensions: {}, main: undefined });
}

const Module = {
  builtinModules,
  createRequire,
  isBuiltin: (name: string) => builtinModules.includes(name.replace(/^node:/, "")),
  /** Sets how a builtin is found. Only the engine calls it. */
  setFind(builtin: typeof find): void {
    find = builtin;
  },
};

export default Module;
