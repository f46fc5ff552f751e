/** `node:path`, relative to the current folder of the task. */
import { createPath } from "@bytecodealliance/jco-std/wasi/0.2.x/node/24.x.x/path";

let folder = "/";

const path = createPath({ initialCwd: () => folder, getEnvironment: () => [] });

/** The current folder of the task. */
export function currentFolder(): string {
  return folder;
}

/** Changes the current folder. */
export function changeFolder(to: string): void {
  folder = path.resolve(to);
}

export default path;
