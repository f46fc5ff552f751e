/** What tasks may reach: the options that grant it, parsed. */
import { Invalid, parsePart } from "../../errors/invalid.ts";
import { isRecord } from "../../errors/record.ts";
import { parseRecord } from "./group.ts";
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

/**
 * Parses a list.
 *
 * @param what Its entries are, as messages call them.
 */
export function parseList<T>(value: unknown, what: string, parse: (entry: unknown) => T): T[] {
  if (!Array.isArray(value)) throw new Invalid({ expected: `a list of ${what}`, value });
  if (value.length > ENTRIES_AT_MOST) {
    throw new Invalid({ problem: `has ${value.length} entries, more than ${ENTRIES_AT_MOST}` });
  }
  return value.map((entry, index) => parsePart(`[${index}]`, () => parse(entry)));
}

/** Folders: `"./data"`, which may be written to, or `{ path, mode, git }`. */
export function parseAllowedFiles(value: unknown): FolderAccess[] {
  return parseList(value, "folders", (folder) => parseFolder(folder, false));
}

/** The same for folders that the host grants: one may be absolute, and have another name for guests. */
export function parseGrantedFiles(value: unknown): FolderAccess[] {
  return parseList(value, "folders", (folder) => parseFolder(folder, true));
}

function parseFolder(value: unknown, ofHost: boolean): FolderAccess {
  const parsePath = (path: unknown) => parseFolderPath(path, ofHost);
  if (typeof value === "string") return { path: parsePath(value), readOnly: false };
  if (!isRecord(value)) throw new Invalid({ expected: "a folder or { path, mode }", value });
  const parsers = { path: parsePath, mode: parseMode, git: parseGit };
  const { as, path = parsePath(undefined), mode = false, git = false }: {
    as?: string;
    path?: string;
    mode?: boolean;
    git?: boolean;
  } = parseRecord(value, ofHost ? { ...parsers, as: parsePath } : parsers);
  return {
    path,
    readOnly: mode,
    ...(git && { readsGit: true }),
    ...(as !== undefined && { as }),
  };
}

/** Whether a folder is read-only. */
function parseMode(value: unknown): boolean {
  if (typeof value === "string" && Object.hasOwn(MODES, value)) return MODES[value]!;
  throw new Invalid({ expected: '"read-only" or "read-write"', value });
}

/** Whether `.git` may be read. */
function parseGit(value: unknown): boolean {
  if (value === "ro") return true;
  throw new Invalid({ expected: '"ro", or left out', value });
}

function parseFolderPath(value: unknown, ofHost: boolean): string {
  const isPath = typeof value === "string" && value !== "" && !value.includes("\0") &&
    value.length <= PATH_LENGTH_AT_MOST;
  if (!isPath) throw new Invalid({ expected: "a path", value: value ?? null });
  const path = normalize(value);
  const isOutside = path === ".." || path.startsWith("../");
  if (isOutside) {
    throw new Invalid({
      expected: "a path inside the project",
      value,
      hint: ofHost ? "write a folder elsewhere as an absolute path" : undefined,
    });
  }
  return path;
}

/** Names of environment variables. */
export function parseEnvVariables(value: unknown): string[] {
  return [...new Set(parseList(value, "names", parseVariableName))];
}

/** The name of an environment variable. */
export function parseVariableName(value: unknown): string {
  const isName = typeof value === "string" && value.length <= VARIABLE_LENGTH_AT_MOST &&
    VARIABLE_NAME.test(value);
  if (isName) return value;
  throw new Invalid({ expected: "the name of an environment variable", value });
}
