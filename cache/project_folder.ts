/**
 * The `.capsule` folder of a project. It is untrusted: it may come from a repository, and can be replaced by a link at any
 * time. So the native library changes it through a descriptor, never by its path.
 */
import { CapsuleError } from "../errors/error.ts";
import { BUFFER_BYTES, takeBuffer } from "../ffi/library.ts";
import { library } from "../ffi/loaded.ts";
import { STATUS } from "../ffi/symbols.ts";
import { platform } from "../platform/mod.ts";
import { join } from "../platform/path.ts";

const FOLDER = ".capsule";

/** A change in `.capsule`. Names are relative to it, without `.` and `..`. */
export type ProjectChange =
  /** Creates a folder, if it is missing. */
  | { do: "make"; name: string }
  /** Writes a file under a temporary name, then renames it. */
  | { do: "write"; name: string }
  | { do: "rename"; name: string; to: string }
  /** Removes a file, if it exists. */
  | { do: "remove"; name: string };

/** The path of a project's `.capsule`. */
export function projectFolder(root: string): string {
  return join(root, FOLDER);
}

/**
 * Applies a change to `.capsule`, which is created if it is missing.
 *
 * @param content The content of a file to write.
 * @throws {CapsuleError} `file_not_found`, if `.capsule` or a folder in it is a symbolic link or cannot be written.
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
  const reason = takeBuffer(library(), error, (text) => new TextDecoder().decode(text));
  const place = join(projectFolder(realRoot), change.name);
  if (status === STATUS.notFound) {
    throw new CapsuleError(
      "file_not_found",
      `Cannot write to "${place}": part of the path is a symbolic link or not a folder`,
      { hint: "remove it; it may have come with the repository" },
    );
  }
  throw new CapsuleError("file_not_found", `Cannot write to "${place}": ${reason}`);
}
