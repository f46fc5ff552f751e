/** Turns the command-line options of `host_options.ts` into options of a run. */
import { CapsuleError } from "../../errors/error.ts";
import { platform } from "../../platform/mod.ts";
import { resolve } from "../../platform/path.ts";
import { userConfigFile } from "../../runner/config/user_folder.ts";
import type { GrantedFolder } from "../../runner/policy/grants.ts";
import type { Secret } from "../../runner/policy/secrets.ts";
import type { RunOptions } from "../../runner/options/options.ts";
import type { Arguments } from "./arguments.ts";
import { readInput } from "./input.ts";

export type HostOption =
  | "policy"
  | "grants"
  | "secrets"
  | "limits"
  | "stdin"
  | "seed"
  | "now"
  | "labels";

/**
 * The options of a run.
 *
 * @throws {CapsuleError} `invalid_argument`, `file_not_found`.
 */
export async function readHostOptions(
  parsed: Arguments,
  cwd: string,
): Promise<Pick<RunOptions, HostOption>> {
  const value = (name: string) => parsed.values.get(name)?.[0];
  const [compute, ram, timeout, stdin] = ["compute", "ram", "timeout", "stdin"].map(value);
  const limits = {
    ...(compute !== undefined && { compute: compute as "LOW" }),
    ...(ram !== undefined && { ram }),
    ...(timeout !== undefined && { timeout }),
  };
  const policy = policyOf(parsed);
  const labels = parsed.values.get("label");
  const [seed, now] = ["seed", "now"].map(value);
  return {
    grants: {
      allowedHosts: listed(parsed, "allow-hosts"),
      allowedFiles: listed(parsed, "allow-files").map(folderOf),
      envVariables: listed(parsed, "allow-env"),
    },
    ...await secretsOf(parsed.values.get("secret") ?? []),
    limits,
    ...(policy !== undefined && { policy }),
    ...(stdin !== undefined && { stdin: await readStdin(stdin, cwd) }),
    // A seed that is not a number is rejected where the run's options are checked.
    ...(seed !== undefined && { seed: seedOf(seed) as number }),
    ...(now !== undefined && { now }),
    ...(labels !== undefined && { labels }),
  };
}

/** Secrets of the user's configuration and of the command line, which wins. */
async function secretsOf(given: string[]): Promise<Pick<RunOptions, "secrets">> {
  if (given.length === 0 && userConfigFile() === undefined) return {};
  const { userSecrets } = await import("../../runner/config/user_config.ts");
  const secrets = new Map<string, Secret>();
  for (const [name, secret] of given.map(secretOf)) {
    if (secrets.has(name)) {
      throw new CapsuleError("invalid_argument", `--secret ${name} is given twice`, {
        hint: `list all hosts in one option: --secret ${name}=a.com,b.com`,
      });
    }
    secrets.set(name, secret);
  }
  return { secrets: { ...await userSecrets(), ...Object.fromEntries(secrets) } };
}

function secretOf(text: string): [string, Secret] {
  const [name = "", ...rest] = text.split("=");
  const hosts = rest.join("=").split(",").map((host) => host.trim()).filter(Boolean);
  if (name === "" || hosts.length === 0) {
    throw new CapsuleError(
      "invalid_argument",
      "--secret needs a name and hosts: --secret NAME=HOST,HOST",
      {
        hint: "the value comes from the environment variable NAME",
      },
    );
  }
  const value = platform.env(name);
  if (value === undefined) {
    throw new CapsuleError("invalid_argument", `--secret ${name}: ${name} is not set`, {
      hint: `set ${name} in the environment of this command`,
    });
  }
  return [name, { value, hosts }];
}

function policyOf(parsed: Arguments): "declared" | "none" | undefined {
  const policy = parsed.values.get("policy")?.[0];
  const isAllowed = parsed.flags.has("allow-declared");
  if (policy === undefined) return isAllowed ? "declared" : undefined;
  if (policy !== "declared" && policy !== "none") {
    throw new CapsuleError(
      "invalid_argument",
      `--policy must be declared or none (got "${policy}")`,
    );
  }
  if (isAllowed && policy === "none") {
    throw new CapsuleError(
      "invalid_argument",
      "--policy none and --allow-declared exclude each other",
    );
  }
  return policy;
}

function listed(parsed: Arguments, name: string): string[] {
  return (parsed.values.get(name) ?? []).flatMap((value) => value.split(","))
    .map((text) => text.trim()).filter(Boolean);
}

/** Parses `HOST[::GUEST][:ro|:rw]`, the syntax of `--mount`. */
function folderOf(text: string): GrantedFolder {
  const mode = text.match(/:(ro|rw)$/)?.[1] as "ro" | "rw" | undefined;
  const [path = "", as] = (mode === undefined ? text : text.slice(0, -3)).split("::", 2);
  return { path, mode: mode ?? "rw", ...(as !== undefined && { as }) };
}

async function readStdin(file: string, cwd: string): Promise<Uint8Array> {
  if (file === "-") return await readInput("--stdin");
  const path = resolve(cwd, file);
  const isSpecial = platform.stat(path)?.isFile === false;
  const bytes = isSpecial ? undefined : platform.readFile(path);
  if (bytes !== undefined) return bytes;
  const problem = isSpecial ? "it is not a regular file" : "there is no such file";
  throw new CapsuleError("file_not_found", `Cannot read "${file}": ${problem}`, {
    hint: isSpecial ? "pipe it into this command, with --stdin -" : undefined,
  });
}

/** A number, if it is exact: a message about another one would show the rounded value. */
function seedOf(text: string): number | string {
  const seed = /^\d+$/.test(text) ? Number(text) : NaN;
  return Number.isSafeInteger(seed) ? seed : text;
}
