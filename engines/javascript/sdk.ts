/** The module `@capsule/sdk` in a sandbox. */
export * from "../../sdk/mod.ts";
export { default as fs } from "./node/files/fs.ts";
export { default as fsPromises } from "./node/files/fs_promises.ts";
export { default as os } from "./node/process/os.ts";
export { default as path } from "./node/files/path.ts";
export { default as process } from "./node/process/process.ts";

/** Whether this code runs in a sandbox. */
export const isWasmMode = (): boolean => true;

/** Sandboxes cannot run programs. A call of a task starts another sandbox. */
export const run = refuse("run");
export const open = refuse("open");

function refuse(name: string): () => never {
  return () => {
    throw new Error(`${name}() of @capsule/sdk is for hosts: in a sandbox, call tasks`);
  };
}
