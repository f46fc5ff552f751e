/** What tasks may reach: the options that grant it, parsed. */
import { Invalid } from "../../errors/invalid.ts";
import { isRecord } from "../../errors/record.ts";
import { clipped, shown } from "../../errors/shown.ts";
import { normalize } from "../../platform/path.ts";

/** A folder, and what may be done in it. */
export interface FolderAccess {
  /** As it was written, without `.`, `..` and doubled slashes. */
  path: string;
  readOnly: boolean;
  /** Its `.git` may be read: else it is not there. */
  readsGit?: boolean;
  /** Where guests see it, if not under its path. */
  as?: string;
}

const MODES: Record<string, boolean> = {
  "read-only": true,
  ro: true,
  "read-write": false,
  rw: false,
};
const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

const VARIABLE_LENGTH_AT_MOST = 1000;
const PATH_LENGTH_AT_MOST = 4096;
const ENTRIES_AT_MOST = 1000;

/** The entries of a list, which are not checked yet. */
export function parseList(value: unknown, what: string): unknown[] {
  if (!Array.isArray(value)) throw new Invalid(`is no list of ${what}`);
  if (value.length <= ENTRIES_AT_MOST) return value;
  throw new Invalid(`has ${value.length} entries, more than ${ENTRIES_AT_MOST}`);
}

/** Folders: `"./data"`, which may be written to, or `{ path, mode, git }`. */
export function parseAllowedFiles(value: unknown): FolderAccess[] {
  return parseList(value, "folders").map((folder) => parseFolder(folder, false));
}

/** The same, of the host: a folder may be absolute, and have another name for guests. */
export function parseGrantedFiles(value: unknown): FolderAccess[] {
  return parseList(value, "folders").map((folder) => {
    if (!isRecord(folder)) return parseFolder(folder, true);
    const { as, ...rest } = folder;
    const parsed = parseFolder(rest, true);
    return as === undefined ? parsed : { ...parsed, as: parsePath(as, true) };
  });
}

function parseFolder(value: unknown, ofHost: boolean): FolderAccess {
  if (typeof value === "string") return { path: parsePath(value, ofHost), readOnly: false };
  if (!isRecord(value)) {
    throw new Invalid(`has ${shown(value)}, which is neither a folder nor { path, mode }`);
  }
  const { path, mode = "rw", git, ...rest } = value;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) {
    const known = ofHost ? "path, as, mode and git" : "path, mode and git";
    throw new Invalid(`has the unknown key "${clipped(unknown)}"; a folder has ${known}`);
  }
  if (typeof mode !== "string" || !Object.hasOwn(MODES, mode)) {
    throw new Invalid(`has the mode ${shown(mode)}: write "read-only" or "read-write"`);
  }
  if (git !== undefined && git !== "ro") {
    throw new Invalid(`has git: ${shown(git)}: write "ro", or leave it out`);
  }
  return {
    path: parsePath(path, ofHost),
    readOnly: MODES[mode]!,
    ...(git === "ro" ? { readsGit: true } : {}),
  };
}

function parsePath(value: unknown, ofHost: boolean): string {
  const isPath = typeof value === "string" && value !== "" && !value.includes("\0") &&
    value.length <= PATH_LENGTH_AT_MOST;
  if (!isPath) {
    throw new Invalid(`has ${shown(value)}, which is no path`);
  }
  const path = normalize(value);
  const isOutside = path === ".." || path.startsWith("../");
  if (isOutside) {
    const hint = ofHost ? "write a folder elsewhere as an absolute path" : undefined;
    throw new Invalid(`has ${shown(value)}, which leads out of the project`, hint);
  }
  return path;
}

/** Names of environment variables. */
export function parseEnvVariables(value: unknown): string[] {
  const names = parseList(value, "names");
  for (const name of names) {
    const isName = typeof name === "string" && name.length <= VARIABLE_LENGTH_AT_MOST &&
      VARIABLE_NAME.test(name);
    if (!isName) {
      throw new Invalid(`has ${shown(name)}, which is no name of an environment variable`);
    }
  }
  return [...new Set(names as string[])];
}
