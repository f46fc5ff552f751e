/** From folders that options and mounts name to those that the native library opens. */
import { hiddenBecause, isHiddenIn } from "../../../compiler/hidden_names.ts";
import { clippedPath } from "../../../errors/clipped.ts";
import { readHostTextFile } from "../../../ffi/host_file.ts";
import type { FolderGrant } from "../../../ffi/native.ts";
import { platform } from "../../../platform/mod.ts";
import { dirname, isInside, join, normalize, relative, resolve } from "../../../platform/path.ts";
import type { FolderAccess } from "../access.ts";
import { overlapWithCapsule } from "./own_places.ts";
import { CONFIG_FILE, statOf } from "../../config/project.ts";
import { Invalid, type Wrong } from "../../../errors/invalid.ts";
import { type Mount, mountDenied } from "./mounts.ts";

/** Where a guest sees the packages of its program. */
export const RESERVED = "/.capsule/packages";

/** What Capsule and git keep in a project's root: no task changes it. */
const PROTECTED = [CONFIG_FILE, ".capsule", ".git"];
/** Inside of `.capsule`, everything else may be granted. */
const OWN = ["wasm", "wit", "trace.db"];
const GIT = ".git";
/** Of a file `.git`, which names a folder. */
const GIT_FILE_BYTES_AT_MOST = 8192;

/** Makes the error for a folder that is not granted. The problem calls it "it". */
type Refuse = (problem: string, hint?: string) => Error;

/** The folders of one task. */
export interface TaskFolders {
  /** Those of the project that it declares, if that counts. */
  declared: FolderAccess[];
  /** Those that the host grants. */
  granted: FolderAccess[];
  mounts: Mount[];
}

/**
 * The folders of a task: those that it declares, those that the host grants, and the mounts, which never change the mode of
 * a folder that is declared.
 *
 * @throws {Refused} for a folder that cannot be granted.
 * @throws {CapsuleError} `mount_denied`.
 */
export function resolveFolders(
  root: string,
  { declared, granted, mounts }: TaskFolders,
): FolderGrant[] {
  const realRoot = platform.realPath(root);
  const folders: FolderGrant[] = [];
  // Of a folder that is declared and granted, the greater of both counts.
  const ofHost = granted.filter((folder) =>
    !folder.readOnly || !declared.some((other) => isSameFolder(root, folder, other))
  );
  const ofTask = declared.filter((folder) =>
    !ofHost.some((other) => isSameFolder(root, other, folder))
  );
  addAll(folders, ofTask, { root, realRoot, isHost: false });
  addAll(folders, ofHost, { root, realRoot, isHost: true });
  for (const { spec, host: path, guest, readOnly } of mounts) {
    const refuse: Refuse = (problem, hint) => mountDenied(spec, problem, hint);
    const host = realFolder(realRoot, join(root, path), refuse);
    // A folder that is declared keeps its mode, also by another name. Inside of it, a more exact name decides.
    const isReadOnly = folders.some((folder) =>
      folder.read_only && isInside(folder.host, host) &&
      (folder.host === host || !isInside(folder.guest, guest))
    );
    const mode = isReadOnly || readOnly;
    if (isInside(RESERVED, guest)) throw refuse(`GUEST lies in ${RESERVED}`);
    const folder = { host, guest, read_only: mode };
    protect(realRoot, folder, refuse);
    add(folders, folder, refuse);
  }
  return folders;
}

/** A folder of options that cannot be granted, and whose it is. */
export class Refused extends Invalid {
  readonly isHost: boolean;

  constructor(wrong: Wrong, isHost: boolean) {
    super(wrong);
    this.isHost = isHost;
  }
}

interface Place {
  root: string;
  realRoot: string;
  /** The host's own authority grants them, also outside of its project. */
  isHost: boolean;
}

function addAll(folders: FolderGrant[], added: FolderAccess[], place: Place): void {
  const { root, realRoot, isHost } = place;
  for (const { path, as = path, readOnly, readsGit = false } of added) {
    const refuse: Refuse = (problem, hint) =>
      new Refused({
        problem: `cannot grant ${clippedPath(JSON.stringify(path))}: ${problem}`,
        value: path,
        hint,
      }, isHost);
    const outermost = isHost && path.startsWith("/") ? "/" : realRoot;
    const missing = whereMissing(path, place);
    const host = realFolder(outermost, resolve(root, path), refuse, missing);
    const guest = normalize(`/${as}`);
    if (isInside(RESERVED, guest)) throw refuse(`tasks see packages in ${RESERVED}`);
    const folder = { host, guest, read_only: readOnly };
    protect(realRoot, folder, refuse);
    add(folders, folder, refuse);
    if (readsGit) addGit(folders, folder, refuse);
  }
}

/** What to do about a folder that does not exist. */
function whereMissing(path: string, { root, isHost }: Place): string | undefined {
  const mode = path.match(/:(ro|rw)$/)?.[1];
  if (mode !== undefined) {
    const folder = JSON.stringify(path.slice(0, -3));
    return `a mode is a member of its own: { path: ${clippedPath(folder)}, mode: "${mode}" }`;
  }
  return isHost ? `make the folder first: ${clippedPath(resolve(root, path))}` : undefined;
}

/** Whether a granted folder is one that a task declares, under the same name. */
function isSameFolder(
  root: string,
  { path, as = path }: FolderAccess,
  declared: FolderAccess,
): boolean {
  return normalize(`/${as}`) === normalize(`/${declared.path}`) &&
    realPath(resolve(root, path)) === realPath(resolve(root, declared.path));
}

/**
 * The folder without links, if it is one of the project. It is looked at by that path alone, and the native library opens
 * it there without following any link: what is checked is what is opened.
 */
function realFolder(root: string, path: string, refuse: Refuse, missing?: string): string {
  const real = realPath(path);
  const stat = statOf(real);
  if (stat === undefined) throw refuse("it does not exist", missing);
  if (!stat.isFolder) throw refuse("it is not a folder");
  if (!isInside(root, real)) throw refuse("it leads out of the project");
  return real;
}

/** A path that cannot be looked at leads nowhere. */
function realPath(path: string): string {
  try {
    return platform.realPath(path);
  } catch (error) {
    if (!platform.isSystemError(error)) throw error;
    return path;
  }
}

/** Refuses folders that git and Capsule live by. */
function protect(root: string, folder: FolderGrant, refuse: Refuse): void {
  const names = (isInside(root, folder.host) ? relative(root, folder.host) : folder.host).split(
    "/",
  );
  for (const [index, name] of names.entries()) {
    const reason = hiddenBecause(name);
    const next = names[index + 1];
    // Sessions and the like lie in `.capsule`.
    const isFree = name === ".capsule" && next !== undefined && !OWN.includes(next);
    if (reason !== undefined && !isFree) throw refuse(`it ${reason}`);
  }
  if (isInside(folder.host, root) && !folder.read_only) {
    throw refuse(
      `it contains the project, with ${PROTECTED.join(", ")}: ` +
        "grant a folder inside of it, or make it read-only",
    );
  }
  const overlap = overlapWithCapsule(folder);
  if (overlap !== undefined) throw refuse(`it ${overlap.problem}`, overlap.hint);
  if (!folder.read_only && holdsGitFolder(root, folder.host)) throw refuse("it belongs to git");
}

/** Whether a file `.git` above the folder, or in it, says that the repository of it lies there under another name. */
function holdsGitFolder(root: string, host: string): boolean {
  for (let around = host; isInside(root, around); around = dirname(around)) {
    const path = join(around, GIT);
    if (statOf(path)?.isFile) {
      const text = readHostTextFile(path, {
        maxBytes: GIT_FILE_BYTES_AT_MOST,
        code: "mount_denied",
      });
      const named = text?.startsWith("gitdir:") ? text.slice("gitdir:".length).trim() : "";
      if (named !== "") {
        const folder = realPath(resolve(around, named));
        if (isInside(folder, host)) return true;
        if (isInside(host, folder) && !isHiddenIn(host, folder)) return true;
      }
    }
    if (around === dirname(around)) break;
  }
  return false;
}

/** Grants the `.git` of a folder to be read, beside the folder, in which it is hidden. */
function addGit(folders: FolderGrant[], { host, guest }: FolderGrant, refuse: Refuse): void {
  const git = join(host, GIT);
  // One that is a link or a file leads elsewhere.
  if (!statOf(git)?.isFolder || realPath(git) !== git) return;
  add(folders, { host: git, guest: join(guest, GIT), read_only: true }, refuse);
}

/** Adds a folder, unless it would be granted twice in ways that differ. */
function add(
  folders: FolderGrant[],
  added: FolderGrant,
  refuse: Refuse,
): void {
  for (const other of folders) {
    const isSame = other.host === added.host && other.read_only === added.read_only;
    if (other.guest === added.guest) {
      if (isSame) return;
      throw refuse(`tasks would see it as ${clippedPath(added.guest)}, like another folder`);
    }
    for (const [outer, inner] of [[other, added], [added, other]] as const) {
      // Through the outer one, the inner one could be written to.
      const isReached = isInside(outer.host, inner.host) && !isHiddenIn(outer.host, inner.host);
      if (isReached && !outer.read_only && inner.read_only) {
        const [shut, open] = [clippedPath(inner.guest), clippedPath(outer.guest)];
        throw refuse(`it makes ${shut} read-only, but ${open} around it is read-write`);
      }
    }
  }
  folders.push(added);
}
