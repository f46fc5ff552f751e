/** `packages`: which packages a program may import. */
import type { Source } from "../compiler/program.ts";
import { packageFolders } from "../compiler/python_packages.ts";
import { CapsuleError } from "../errors.ts";
import type { FolderGrant } from "../ffi/native.ts";
import { resolve } from "../platform/path.ts";
import type { Variables } from "./environment.ts";
import { shown } from "./shown.ts";

/**
 * Which packages are meant, a folder as an absolute path.
 *
 * @throws {CapsuleError} `invalid_argument`.
 */
export function parsePackages(value: unknown, cwd: string): string | false | undefined {
  if (value === undefined || value === false || value === "host") return value;
  const isPath = typeof value === "string" && value !== "" && !value.includes("\0");
  if (isPath && value.length <= PATH_LENGTH_AT_MOST) return resolve(cwd, value);
  throw new CapsuleError(
    "invalid_argument",
    `packages: ${shown(value)} is neither "host", a folder nor false`,
  );
}

/** Where the packages of a Python program lie. */
export function packagesOf(source: Source, variables: Variables, cwd: string): FolderGrant[] {
  return packageFolders(source, { cwd, environment: variables("VIRTUAL_ENV") });
}

const PATH_LENGTH_AT_MOST = 4096;
