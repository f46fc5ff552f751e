/**
 * `.capsule` of a project. It may have come with somebody's repository, and others may exchange it for a link at any time:
 * the native library changes it from its own descriptor, and never by its path.
 */
import { CapsuleError } from "../errors/error.ts";
import { BUFFER_BYTES, takeBuffer } from "../ffi/library.ts";
import { library } from "../ffi/loaded.ts";
import { STATUS } from "../ffi/symbols.ts";
import { platform } from "../platform/mod.ts";
import { join } from "../platform/path.ts";

const FOLDER = ".capsule";

/** What is done in `.capsule`: names are seen from there, without `.` and `..`. */
export type ProjectChange =
  /** Makes a folder, if it is missing. */
  | { do: "make"; name: string }
  /** Writes a whole file, and then gives it its name. */
  | { do: "write"; name: string }
  | { do: "rename"; name: string; to: string }
  /** Removes a file, if it is there. */
  | { do: "remove"; name: string };

/** Where a project keeps what Capsule makes for it. */
export function projectFolder(root: string): string {
  return join(root, FOLDER);
}

/**
 * Changes something in `.capsule`, which is made if it is missing.
 *
 * @param content Of a file that is written.
 * @throws {CapsuleError} `file_not_found` where `.capsule`, or a folder in it, leads elsewhere, and where nothing can be
 * written.
 */
export function changeProject(root: string, change: ProjectChange, content?: Uint8Array): void {
  const realRoot = platform.realPath(root);
  const encoder = new TextEncoder();
  const [path, request] = [encoder.encode(realRoot), encoder.encode(JSON.stringify(change))];
  const bytes = (content ?? new Uint8Array(0)) as Uint8Array<ArrayBuffer>;
  const error = new Uint8Array(BUFFER_BYTES);
  const status = library().functions.capsule_change_project(
    path,
    BigInt(path.length),
    request,
    BigInt(request.length),
    bytes,
    BigInt(bytes.length),
    error,
  );
  if (status === STATUS.ok) return;
  const told = takeBuffer(library(), error, (text) => new TextDecoder().decode(text));
  const place = join(projectFolder(realRoot), change.name);
  if (status === STATUS.notFound) {
    throw new CapsuleError("file_not_found", `Cannot write to "${place}": it leads elsewhere`, {
      hint: "remove it: it came with somebody's repository, perhaps",
    });
  }
  throw new CapsuleError("file_not_found", `Cannot write to "${place}": ${told}`);
}
