/** The packages that components bring, as folders in the user's cache: a sandbox reads them from there. */
import { CapsuleError } from "../../errors/error.ts";
import type { FolderGrant } from "../../ffi/native.ts";
import { platform } from "../../platform/mod.ts";
import { dirname, isPlain, join } from "../../platform/path.ts";
import { CACHE_HINT, cachePlace, cacheSubfolder } from "../../cache/place.ts";
import type { PackageFolder } from "./component.ts";
import { sha256 } from "../../ffi/digest.ts";
import { GUEST_PACKAGES } from "../python/paths.ts";
import { Turn } from "../turn.ts";

/** Of a machine where many are run, those that were not used for longest are removed. */
const KEPT_AT_MOST = 50;
/** Written when they are used: it tells when that was. */
const MARK = ".used";

/** The folders of one component. */
export interface Unpacked {
  folder: string;
  guests: string[];
}

/** The folders as a program gets them. */
export function grantsOf({ folder, guests }: Unpacked): FolderGrant[] {
  const real = platform.realPath(folder);
  return guests.map((guest, index) => ({
    host: join(real, String(index)),
    guest,
    read_only: true,
  }));
}

/** Whether the folders are still there. */
export function checkPackages({ folder }: Unpacked): boolean {
  if (!platform.stat(join(folder, MARK))?.isFile) return false;
  try {
    platform.replaceFile(join(folder, MARK), "");
  } catch (error) {
    // Where nothing can be written, nothing is removed either.
    if (!platform.isSystemError(error)) throw error;
  }
  return true;
}

/**
 * Writes packages to a folder that is named after their content, unless it is there.
 *
 * @throws {CapsuleError} for names that lead elsewhere, and for more folders than any packages have.
 */
export async function unpack(
  packages: PackageFolder[],
  refuse: (problem: string) => CapsuleError,
): Promise<Unpacked> {
  const turn = new Turn();
  let folders = 0;
  const guests = new Set<string>();
  for (const { guest, files } of packages) {
    if (!GUEST.test(guest) || guests.has(guest)) {
      throw refuse(`its packages lie at ${JSON.stringify(guest.slice(0, 100))}`);
    }
    guests.add(guest);
    const paths = files.map(({ path }) => path);
    const through = foldersOf(paths, FOLDERS_AT_MOST - folders);
    if (through === undefined) {
      throw refuse(`its packages have more than ${FOLDERS_AT_MOST} folders`);
    }
    folders += through.size;
    const wrong = findUnsafe(paths, through);
    if (wrong !== undefined) {
      throw refuse(`its packages hold a file ${JSON.stringify(wrong.slice(0, 100))}`);
    }
  }
  const store = cacheSubfolder("packages");
  if (store === undefined) {
    throw noStore(cachePlace().problem ?? "other users can write to its folder");
  }
  const listed = [];
  for (const { guest, files } of packages) {
    const digests = [];
    for (const { path, data } of files) {
      digests.push([path, sha256(data)]);
      if (turn.isOver) await turn.next();
    }
    listed.push([guest, digests]);
  }
  const folder = join(store, sha256(JSON.stringify(listed)).slice(0, 32));
  const unpacked = { folder, guests: packages.map(({ guest }) => guest) };
  if (checkPackages(unpacked)) return unpacked;
  const made = makeIn(store);
  try {
    for (const [index, { files }] of packages.entries()) {
      await write(join(made, String(index)), files, turn);
    }
    platform.replaceFile(join(made, MARK), "");
    // Meanwhile another may have, and use them.
    if (checkPackages(unpacked)) {
      platform.remove(made);
      return unpacked;
    }
    platform.remove(folder);
    platform.rename(made, folder);
  } catch (error) {
    platform.remove(made);
    // Another process was first: what it wrote is the same.
    if (checkPackages(unpacked)) return unpacked;
    throw platform.isSystemError(error) ? noStore((error as Error).message) : error;
  }
  return unpacked;
}

function makeIn(store: string): string {
  try {
    platform.makeFolder(store, 0o700);
    makeRoom(store);
    return platform.makeTemporaryFolder(store);
  } catch (error) {
    throw platform.isSystemError(error) ? noStore((error as Error).message) : error;
  }
}

function noStore(problem: string): CapsuleError {
  const message = `Cannot unpack the packages of the component into the cache: ${problem}`;
  return new CapsuleError("installation", message, { hint: CACHE_HINT });
}

async function write(folder: string, files: PackageFolder["files"], turn: Turn): Promise<void> {
  platform.makeFolder(folder, 0o700);
  const made = new Set<string>([folder]);
  for (const { path, data } of files) {
    const file = join(folder, path);
    const parent = dirname(file);
    if (!made.has(parent)) platform.makeFolder(parent, 0o700);
    made.add(parent);
    platform.replaceFile(file, data, 0o600);
    if (turn.isOver) await turn.next();
  }
}

function makeRoom(store: string): void {
  const found = (platform.readFolder(store) ?? []).map((name) => {
    const folder = join(store, name);
    return { folder, usedMs: platform.stat(folder)?.modifiedMs ?? 0 };
  });
  found.sort((a, b) => b.usedMs - a.usedMs);
  for (const { folder } of found.slice(KEPT_AT_MOST - 1)) platform.remove(folder);
}

/** The first path that leads out of its folder, or cannot be a file beside the others. */
function findUnsafe(paths: string[], folders: Set<string>): string | undefined {
  const files = new Set<string>();
  for (const path of paths) {
    if (files.has(path)) return path;
    files.add(path);
  }
  return paths.find((path) => !isSafe(path) || folders.has(path));
}

/** Whether a path stays inside of its folder, whoever wrote it. */
function isSafe(path: string): boolean {
  if (bytesIn(path) > PATH_BYTES_AT_MOST || CONTROL_OR_BACKSLASH.test(path)) return false;
  const names = path.split("/");
  return isPlain(path) && names.length <= DEPTH_AT_MOST &&
    names.every((name) => bytesIn(name) <= NAME_BYTES_AT_MOST);
}

/** The folders that paths lead through. Undefined if there are more. */
function foldersOf(paths: string[], atMost: number): Set<string> | undefined {
  const folders = new Set<string>();
  for (const path of paths) {
    for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
      const folder = path.slice(0, end);
      // Those above it are known, too.
      if (folders.has(folder)) break;
      folders.add(folder);
      if (folders.size > atMost) return undefined;
    }
  }
  return folders;
}

function bytesIn(text: string): number {
  return encoder.encode(text).length;
}

const encoder = new TextEncoder();
/** More than any packages have, of which the files are counted already. */
const FOLDERS_AT_MOST = 5000;
const PATH_BYTES_AT_MOST = 1000;
const DEPTH_AT_MOST = 32;
/** File systems take 255, of which some are needed while a file is written. */
const NAME_BYTES_AT_MOST = 220;
// deno-lint-ignore no-control-regex
const CONTROL_OR_BACKSLASH = /[\u0000-\u001f\\]/;
const GUEST = new RegExp(`^${GUEST_PACKAGES.replaceAll(".", "\\.")}(?:-[0-9]{1,3})?$`);
