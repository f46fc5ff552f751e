import { CapsuleError } from "../errors.ts";
import { platform } from "../platform/mod.ts";
import { resolve } from "../platform/path.ts";
import type { Arguments } from "./arguments.ts";

/**
 * The folder that a command's relative paths start from: `--cwd`, else the process's own.
 *
 * @throws {CapsuleError} `invalid_argument`, if there is none.
 */
export function workingFolder(parsed: Arguments): string {
  const cwd = resolve(platform.cwd(), parsed.values.get("cwd")?.[0] ?? ".");
  if (platform.stat(cwd)?.isFolder) return cwd;
  throw new CapsuleError("invalid_argument", `Cannot use --cwd "${cwd}": there is no such folder`);
}
