/**
 * Node's built-in modules, as the SDK exports them on a host. Each is loaded at its first use: loading takes Deno 15 ms or
 * more, and browsers have none.
 */

// In a project without @types/node, these types are `any`.
/** @ts-ignore no @types/node */
type Fs = typeof import("node:fs");
/** @ts-ignore no @types/node */
type FsPromises = typeof import("node:fs/promises");
/** @ts-ignore no @types/node */
type Os = typeof import("node:os");
/** @ts-ignore no @types/node */
type Path = typeof import("node:path");
/** @ts-ignore no @types/node */
type Process = typeof import("node:process");

/**
 * `node:fs`. In a sandbox, it can access only the folders that the task is granted.
 *
 * Loaded at the first use, which throws an `Error` in a runtime without Node's modules.
 */
export const fs: Fs = lazyModule("node:fs");
/** `node:fs/promises`, loaded like `fs`. */
export const fsPromises: FsPromises = lazyModule("node:fs/promises");
/** `node:os`, loaded like `fs`. In a sandbox, it has no information about the host. */
export const os: Os = lazyModule("node:os");
/** `node:path`, loaded like `fs`. */
export const path: Path = lazyModule("node:path");
/** `node:process`, loaded like `fs`. In a sandbox, `env` has only the variables that the task is granted. */
export const process: Process = lazyModule("node:process");

/** A proxy for a module, which it loads at the first use. */
function lazyModule<M extends object>(name: string): M {
  let loaded: M | undefined;
  const module = (): M => loaded ??= load<M>(name);
  return new Proxy({} as M, {
    get: (_, key) => Reflect.get(module(), key),
    set: (_, key, value) => Reflect.set(module(), key, value),
    has: (_, key) => Reflect.has(module(), key),
    ownKeys: () => Reflect.ownKeys(module()),
    getPrototypeOf: () => Reflect.getPrototypeOf(module()),
    deleteProperty: (_, key) => Reflect.deleteProperty(module(), key),
    // A proxy may only report properties that its target lacks as configurable.
    getOwnPropertyDescriptor: (_, key) => {
      const found = Reflect.getOwnPropertyDescriptor(module(), key);
      return found && { ...found, configurable: true };
    },
    defineProperty: (_, key, descriptor) =>
      Reflect.defineProperty(module(), key, { ...descriptor, configurable: true }),
  });
}

function load<M>(name: string): M {
  const { process } = globalThis as { process?: { getBuiltinModule?(name: string): unknown } };
  const found = process?.getBuiltinModule?.(name);
  if (found === undefined) {
    throw new Error(`Cannot load "${name}": this runtime has no built-in modules of Node`);
  }
  return found as M;
}
