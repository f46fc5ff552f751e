/** What tasks may reach: the options that grant it, parsed. */
import { normalize } from "../platform/path.ts";
import { Invalid } from "./invalid.ts";

/** A folder, and what may be done in it. */
export interface FolderAccess {
  /** As it was written, without `.`, `..` and doubled slashes. */
  path: string;
  readOnly: boolean;
}

const MODES: Record<string, boolean> = {
  "read-only": true,
  ro: true,
  "read-write": false,
  rw: false,
};
const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Folders: `"./data"`, which may be written to, or `{ path, mode }`. */
export function parseAllowedFiles(value: unknown): FolderAccess[] {
  if (!Array.isArray(value)) throw new Invalid("is no list of folders");
  return value.map(parseFolder);
}

function parseFolder(value: unknown): FolderAccess {
  if (typeof value === "string") return { path: parsePath(value), readOnly: false };
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Invalid(`has ${JSON.stringify(value)}, which is neither a folder nor { path, mode }`);
  }
  const { path, mode = "rw", ...rest } = value as Record<string, unknown>;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) {
    throw new Invalid(`has the unknown key "${unknown}"; a folder has path and mode`);
  }
  if (typeof mode !== "string" || !Object.hasOwn(MODES, mode)) {
    throw new Invalid(`has the mode ${JSON.stringify(mode)}: write "read-only" or "read-write"`);
  }
  return { path: parsePath(path), readOnly: MODES[mode]! };
}

function parsePath(value: unknown): string {
  if (typeof value !== "string" || value === "" || value.includes("\0")) {
    throw new Invalid(`has ${JSON.stringify(value)}, which is no path`);
  }
  const path = normalize(value);
  if (path === ".." || path.startsWith("../")) {
    throw new Invalid(`has ${JSON.stringify(value)}, which leads out of the project`);
  }
  return path;
}

/** Names of environment variables. */
export function parseEnvVariables(value: unknown): string[] {
  if (!Array.isArray(value)) throw new Invalid("is no list of names");
  for (const name of value) {
    if (typeof name !== "string" || !VARIABLE_NAME.test(name)) {
      throw new Invalid(`has ${JSON.stringify(name)}, which is no name of an environment variable`);
    }
  }
  return [...new Set<string>(value)];
}
