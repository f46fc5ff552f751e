/** A built-in module, and what is tried of it. */
export interface Module {
  tried: string;
  /** Throws if something is not as in Node.js. */
  run(server: string): unknown;
}

/** By their names, without `node:`. */
export type Modules = Record<string, Module>;
