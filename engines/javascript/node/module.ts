/** `node:module`: nothing is loaded at run time but Node's own modules. */
import { BUILTIN_SOURCES } from "./sources.ts";
import { UNAVAILABLE } from "./unavailable.ts";

type Require = (name: string) => unknown;

const builtinModules = [...Object.keys(BUILTIN_SOURCES), ...UNAVAILABLE].sort();
let requireBuiltin: Require = (name) => {
  throw new Error(`Cannot find module '${name}'`);
};

const Module = {
  builtinModules,
  createRequire: (): Require => (name) => requireBuiltin(name),
  isBuiltin: (name: string) => builtinModules.includes(name.replace(/^node:/, "")),
  /** Says how a builtin is found. For the engine. */
  setRequire(other: Require): void {
    requireBuiltin = other;
  },
};

export default Module;
