/** From folders that options and mounts name to those that the native library opens. */
import type { FolderGrant } from "../ffi/native.ts";
import { platform } from "../platform/mod.ts";
import { isInside, join, normalize, relative, resolve } from "../platform/path.ts";
import type { FolderAccess } from "./access.ts";
import { clip, nearFolders } from "./ceiling.ts";
import { CONFIG_FILE } from "./project.ts";
import { Invalid } from "./invalid.ts";
import { type Mount, mountDenied } from "./mounts.ts";

/** Where a guest sees the packages of its program. */
export const RESERVED = "/.capsule/packages";

/** What Capsule and git keep in a project's root: no task changes it. */
const PROTECTED = [CONFIG_FILE, ".capsule", ".git"];
/** Inside of `.capsule`, everything else may be granted. */
const OWN = ["wasm", "wit", "trace.db"];

/** The folders of one task. */
export interface TaskFolders {
  declared: FolderAccess[];
  /** What may be granted of that: all, if there is no list. */
  permitted?: FolderAccess[] | undefined;
  mounts: Mount[];
}

/**
 * The folders of a task: those that it declares, and the mounts, which never change a declared mode.
 *
 * @throws {Invalid} for a declared folder that cannot be granted.
 * @throws {CapsuleError} `mount_denied`.
 */
export function resolveFolders(
  root: string,
  { declared, permitted, mounts }: TaskFolders,
): FolderGrant[] {
  const realRoot = platform.realPath(root);
  const folders: FolderGrant[] = [];
  // What is not permitted need not exist.
  const wanted = permitted === undefined ? declared : nearFolders(declared, permitted);
  for (const { path, readOnly } of wanted) {
    const refuse = (problem: string) => new Invalid(`has ${JSON.stringify(path)}, ${problem}`);
    const host = realFolder(realRoot, resolve(root, path), refuse);
    const guest = normalize(`/${path}`);
    if (isInside(RESERVED, guest)) throw refuse("which tasks cannot be given");
    const folder = { host, guest, read_only: readOnly };
    const granted = permitted === undefined ? [folder] : clip(folder, root, permitted);
    for (const part of granted) {
      protect(realRoot, part, refuse);
      add(folders, part, refuse);
    }
  }
  for (const { spec, host: path, guest, readOnly } of mounts) {
    const refuse = (problem: string) => mountDenied(spec, problem.replace(/^which /, "it "));
    const around = (host: string) => folders.find((folder) => isInside(folder.host, host));
    const host = platform.realPath(join(root, path));
    // A folder that is declared keeps its mode, also by another name.
    const mode = around(host)?.read_only === true ? true : readOnly;
    realFolder(realRoot, join(root, path), refuse);
    if (isInside(RESERVED, guest)) throw refuse(`GUEST lies in ${RESERVED}`);
    const folder = { host, guest, read_only: mode };
    protect(realRoot, folder, refuse);
    add(folders, folder, refuse);
  }
  return folders;
}

/** The folder without links, if it is one of the project. */
function realFolder(root: string, path: string, refuse: (problem: string) => Error): string {
  const stat = platform.stat(path);
  if (stat === undefined) throw refuse("which does not exist");
  if (!stat.isFolder) throw refuse("which is no folder");
  const real = platform.realPath(path);
  if (!isInside(root, real)) throw refuse("which leads out of the project");
  return real;
}

/** Refuses folders that git and Capsule live by. */
function protect(
  root: string,
  { host, read_only }: FolderGrant,
  refuse: (problem: string) => Error,
): void {
  const [first, second] = relative(root, host).split("/");
  if (first === ".git") throw refuse("which belongs to git");
  if (first === ".capsule" && (second === undefined || OWN.includes(second))) {
    throw refuse("which belongs to Capsule");
  }
  if (first === "." && !read_only) {
    throw refuse(
      `which holds ${PROTECTED.join(", ")}: grant a folder inside of it, or make it read-only`,
    );
  }
}

/** Adds a folder, unless it would be granted twice in ways that differ. */
function add(
  folders: FolderGrant[],
  added: FolderGrant,
  refuse: (problem: string) => Error,
): void {
  for (const other of folders) {
    const isSame = other.host === added.host && other.read_only === added.read_only;
    if (other.guest === added.guest) {
      if (isSame) return;
      throw refuse(`which would be at ${added.guest}, where another folder is`);
    }
    for (const [outer, inner] of [[other, added], [added, other]] as const) {
      // Through the outer one, the inner one could be written to.
      if (isInside(outer.host, inner.host) && !outer.read_only && inner.read_only) {
        throw refuse(
          `which makes ${inner.guest} read-only and ${outer.guest} around it read-write`,
        );
      }
    }
  }
  folders.push(added);
}
