/**
 * Node's built-in modules, as the SDK exports them on a host. Each is loaded when it is first used: the first one takes Deno
 * 15 ms or more, and a browser has none.
 */

// What is ignored: that a project without @types/node finds none of these modules. They are `any` there.
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
 * `node:fs`. In a sandbox, it reaches the folders that the task is granted.
 *
 * Loaded when first used, which throws an `Error` in a runtime without Node's modules.
 */
export const fs: Fs = whenUsed("node:fs");
/** `node:fs/promises`, as `fs`. */
export const fsPromises: FsPromises = whenUsed("node:fs/promises");
/** `node:os`, as `fs`. In a sandbox, it tells nothing of the host. */
export const os: Os = whenUsed("node:os");
/** `node:path`, as `fs`. */
export const path: Path = whenUsed("node:path");
/** `node:process`, as `fs`. In a sandbox, `env` holds the variables that the task is granted, and no others. */
export const process: Process = whenUsed("node:process");

/** A proxy of a module, which is loaded when the proxy is first used. */
function whenUsed<M extends object>(name: string): M {
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
