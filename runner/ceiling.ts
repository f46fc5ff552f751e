/** What whoever runs a program permits of that which its tasks declare. */
import { CapsuleError } from "../errors.ts";
import type { FolderGrant, HostRule } from "../ffi/native.ts";
import { platform } from "../platform/mod.ts";
import { isInside, join, relative, resolve } from "../platform/path.ts";
import { type FolderAccess, parseAllowedFiles, parseEnvVariables } from "./access.ts";
import { parseAllowedHosts } from "./hosts.ts";
import { Invalid } from "./invalid.ts";
import type { Policy } from "./policy.ts";
import { statOf } from "./project.ts";

/** What tasks may reach of what they declare. What is left out permits nothing. */
export interface Ceiling {
  /** As `allowedHosts` of a task. */
  allowHosts?: string[];
  /** As `allowedFiles` of a task: relative to the project's root. */
  allowFiles?: (
    | string
    | { path: string; mode?: "read-only" | "ro" | "read-write" | "rw"; git?: "ro" }
  )[];
  /** As `envVariables` of a task. */
  allowEnv?: string[];
}

/** A {@link Ceiling}, parsed. */
export interface Permitted {
  hosts: HostRule[];
  folders: FolderAccess[];
  env: string[];
}

const PARSERS = {
  allowHosts: parseAllowedHosts,
  allowFiles: parseAllowedFiles,
  allowEnv: parseEnvVariables,
};

/**
 * Parses what the API and the command line take. Undefined stands for all that is declared.
 *
 * @throws {CapsuleError} `invalid_argument`, naming key and value.
 */
export function parseCeiling(policy: unknown): Permitted | undefined {
  if (policy === "declared") return undefined;
  const given = policy === "none" ? {} : policy;
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw refused(`${JSON.stringify(policy)} is neither "declared", "none" nor an object`);
  }
  const unknown = Object.keys(given).find((key) => !Object.hasOwn(PARSERS, key));
  if (unknown !== undefined) {
    throw refused(`unknown key "${unknown}"; there are: ${Object.keys(PARSERS).join(", ")}`);
  }
  const parsed = <K extends keyof typeof PARSERS>(key: K) => {
    const value = (given as Ceiling)[key] ?? [];
    try {
      return PARSERS[key](value) as ReturnType<typeof PARSERS[K]>;
    } catch (error) {
      if (!(error instanceof Invalid)) throw error;
      throw refused(`${key}: it ${error.message}`);
    }
  };
  return { hosts: parsed("allowHosts"), folders: parsed("allowFiles"), env: parsed("allowEnv") };
}

function refused(problem: string): CapsuleError {
  return new CapsuleError("invalid_argument", `policy: ${problem}`);
}

/**
 * Permits folders that exist.
 *
 * @throws {CapsuleError} `invalid_argument`.
 */
export function checkPermitted({ folders }: Permitted, root: string): void {
  const missing = folders.find(({ path }) => !statOf(resolve(root, path))?.isFolder);
  if (missing === undefined) return;
  throw refused(`allowFiles: it has ${JSON.stringify(missing.path)}, where there is no folder`);
}

/** What tasks declare and nobody has permitted, as it is written in options. Undefined if that is nothing. */
export function withheld(
  declared: Policy[],
  permitted: Permitted | undefined,
): { hosts: string[]; files: string[]; env: string[] } | undefined {
  if (permitted === undefined) return undefined;
  const allowed = new Set(permitted.hosts.map(hostText));
  const all = <T>(list: (policy: Policy) => T[]) => declared.flatMap(list);
  const refused = {
    hosts: all(({ allowedHosts }) => allowedHosts).map(hostText)
      .filter((host) => !allowed.has(host) && !allowed.has("*")),
    files: all(({ allowedFiles }) => allowedFiles)
      .filter((folder) => nearFolders([folder], permitted.folders).length === 0)
      .map(({ path, readOnly }) => readOnly ? `${path}:ro` : path),
    env: all(({ envVariables }) => envVariables).filter((name) => !permitted.env.includes(name)),
  };
  const unique = (list: string[]) => [...new Set(list)];
  const { hosts, files, env } = refused;
  if (hosts.length + files.length + env.length === 0) return undefined;
  return { hosts: unique(hosts), files: unique(files), env: unique(env) };
}

/** A rule as an option says it. */
function hostText({ scheme, host, subdomains, port }: HostRule): string {
  const name = host === null ? "*" : host.includes(":") ? `[${host}]` : host;
  return [
    scheme === null ? "" : `${scheme}://`,
    subdomains ? "*." : "",
    name,
    port === null ? "" : `:${port}`,
  ].join("");
}

/** Those of the declared folders that the permitted ones may have to do with. */
export function nearFolders(declared: FolderAccess[], permitted: FolderAccess[]): FolderAccess[] {
  const at = (path: string) => resolve("/", path);
  return declared.filter(({ path }) =>
    permitted.some((other) =>
      isInside(at(other.path), at(path)) || isInside(at(path), at(other.path))
    )
  );
}

/**
 * What lies in a declared folder and in permitted ones: it is granted where the program expects it, and
 * read-only if either says so.
 */
export function clip(
  declared: FolderGrant,
  root: string,
  permitted: FolderAccess[],
): { folder: FolderGrant; readsGit: boolean }[] {
  return permitted.flatMap(({ path, readOnly, readsGit = false }) => {
    const host = platform.realPath(resolve(root, path));
    const read_only = declared.read_only || readOnly;
    if (isInside(host, declared.host)) return [{ folder: { ...declared, read_only }, readsGit }];
    if (!isInside(declared.host, host)) return [];
    const guest = join(declared.guest, relative(declared.host, host));
    return [{ folder: { host, guest, read_only }, readsGit }];
  });
}
