/** What `@capsule/sdk` is in a sandbox. */
export * from "../../sdk/mod.ts";

/** Sandboxes cannot run programs: calling a task is what makes another sandbox. */
export const run = refuse("run");
export const open = refuse("open");

function refuse(name: string): () => never {
  return () => {
    throw new Error(`${name}() of @capsule/sdk is for hosts: in a sandbox, call tasks`);
  };
}
