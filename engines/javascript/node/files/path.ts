/** `node:path`, seen from the folder that the task is in. */
import { createPath } from "@bytecodealliance/jco-std/wasi/0.2.x/node/24.x.x/path";

let folder = "/";

const path = createPath({ initialCwd: () => folder, getEnvironment: () => [] });

/** The folder that relative paths start from. */
export function currentFolder(): string {
  return folder;
}

/** Changes it. */
export function changeFolder(to: string): void {
  folder = path.resolve(to);
}

export default path;
