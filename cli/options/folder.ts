import { CapsuleError } from "../../errors/error.ts";
import { platform } from "../../platform/mod.ts";
import { resolve } from "../../platform/path.ts";
import { readEntrypoint } from "../../runner/config/config.ts";
import { projectRoot } from "../../runner/config/project.ts";
import type { Arguments } from "./arguments.ts";

/**
 * The working directory of a command: `--cwd`, else the process's own.
 *
 * @throws {CapsuleError} `invalid_argument`, if `--cwd` is not a folder.
 */
export function workingFolder(parsed: Arguments): string {
  const given = parsed.values.get("cwd")?.[0];
  if (given === undefined) return platform.cwd();
  const cwd = resolve(platform.cwd(), given);
  if (platform.stat(cwd)?.isFolder) return cwd;
  throw new CapsuleError("invalid_argument", `Cannot use --cwd "${cwd}": there is no such folder`);
}

/**
 * The `entrypoint` of the project's `capsule.toml`.
 *
 * @throws {CapsuleError} `invalid_argument`, if it has none.
 */
export async function entrypoint(cwd: string, command: string): Promise<string> {
  const root = projectRoot(undefined, cwd);
  const found = await readEntrypoint(root);
  if (found !== undefined) return found;
  throw new CapsuleError("invalid_argument", "no FILE given, and capsule.toml has no entrypoint", {
    hint: `name a program: capsule ${command} main.ts; or set entrypoint = "main.ts" below ` +
      "[workflow] in capsule.toml",
  });
}
