/** `grants`: access that the host gives to all tasks of a program, whatever they declare. */
import { invalidArgument } from "../../errors/invalid.ts";
import type { HostRule } from "../../ffi/native.ts";
import { isInside, resolve } from "../../platform/path.ts";
import { type FolderAccess, parseEnvVariables, parseGrantedFiles } from "./access.ts";
import { parseAllowedHosts } from "./hosts.ts";
import { parseGroup } from "./group.ts";
import type { Policy } from "./policy.ts";

/** A folder that the host grants. */
export interface GrantedFolder {
  /** Relative to the host's project, or absolute. */
  path: string;
  /** Where tasks see it: `"in"` is `/in`. By default under its own path. */
  as?: string;
  /** The access: read and write by default. */
  mode?: "read-only" | "ro" | "read-write" | "rw";
  /** Makes its `.git` readable. Without this, `.git` does not exist for tasks. */
  git?: "ro";
}

/** Access for every task, in the words of task options, in addition to what the policy gives. */
export interface Grants {
  /** Like `allowedFiles` of a task. A folder may be absolute, and have another name for tasks. */
  allowedFiles?: (string | GrantedFolder)[];
  /** Like `allowedHosts` of a task. */
  allowedHosts?: string[];
  /** Like `envVariables` of a task. */
  envVariables?: string[];
}

/** {@link Grants}, parsed. */
export type Granted = Pick<Policy, "allowedFiles" | "allowedHosts" | "envVariables">;

const PARSERS = {
  allowedFiles: parseGrantedFiles,
  allowedHosts: parseAllowedHosts,
  envVariables: parseEnvVariables,
};

/**
 * Parses `grants`.
 *
 * @throws {CapsuleError} `invalid_argument`, naming key and value.
 */
export function parseGrants(grants: unknown): Granted {
  return { ...NOTHING, ...parseGroup("grants", grants, PARSERS) };
}

const NOTHING: Granted = { allowedFiles: [], allowedHosts: [], envVariables: [] };

/**
 * Parses `policy`.
 *
 * @throws {CapsuleError} `invalid_argument`.
 */
export function parsePolicy(policy: unknown, byDefault: "declared" | "none"): "declared" | "none" {
  if (policy === undefined) return byDefault;
  if (policy === "declared" || policy === "none") return policy;
  const isFormer = typeof policy === "object" && policy !== null;
  throw invalidArgument("policy", {
    value: policy,
    expected: '"declared" or "none"',
    hint: isFormer ? "access that tasks get in addition is the option grants" : undefined,
  });
}

/** What tasks declare and are not given, as it is written in options. Undefined if that is nothing. */
export function withheld(
  declared: Policy[],
  granted: Granted,
): { hosts: string[]; files: string[]; env: string[] } | undefined {
  const at = (path: string) => resolve("/", path);
  const isGranted = (folder: FolderAccess) =>
    granted.allowedFiles.some(({ path, as = path, readOnly }) =>
      isInside(at(as), at(folder.path)) && (folder.readOnly || !readOnly)
    );
  const all = <T>(list: (policy: Policy) => T[]) => declared.flatMap(list);
  const hosts = new Set(all((policy) => withheldHosts(policy, granted)).map(hostText));
  const files = new Set(
    all(({ allowedFiles }) => allowedFiles).filter((folder) => !isGranted(folder))
      .map(({ path, readOnly }) => readOnly ? `${path}:ro` : path),
  );
  const env = new Set(
    all(({ envVariables }) => envVariables).filter((name) => !granted.envVariables.includes(name)),
  );
  if (hosts.size + files.size + env.size === 0) return undefined;
  return { hosts: [...hosts], files: [...files], env: [...env] };
}

/** The hosts that a task declares and is not given. */
export function withheldHosts({ allowedHosts }: Policy, granted: Granted): HostRule[] {
  const given = new Set(granted.allowedHosts.map(hostText));
  if (given.has("*")) return [];
  return allowedHosts.filter((host) => !given.has(hostText(host)));
}

/** A rule as an option says it. */
export function hostText({ scheme, host, subdomains, port }: HostRule): string {
  const name = host === null ? "*" : host.includes(":") ? `[${host}]` : host;
  return [
    scheme === null ? "" : `${scheme}://`,
    subdomains ? "*." : "",
    name,
    port === null ? "" : `:${port}`,
  ].join("");
}
