/** From what options say to what the native library enforces. */
import { invalid } from "../../errors/invalid.ts";
import type { Language, NativeSecret, TaskPolicy } from "../../ffi/native.ts";
import type { Environment } from "../config/environment.ts";
import { type Granted, withheldHosts } from "./grants.ts";
import type { Mount } from "./files/mounts.ts";
import { inLanguage, type Policy } from "./policy.ts";

/** What options refer to. */
export interface Surroundings {
  program: { name: string; language: Language };
  /** The project's root, absolute. */
  root: string;
  environment: Environment;
  mounts: Mount[];
  /** What the host gives to all tasks. */
  granted: Granted;
  /** Whether tasks get what they declare besides. */
  isTrusted: boolean;
  secrets: NativeSecret[];
}

/**
 * The policies of all tasks, with all that they name looked up.
 *
 * @throws {CapsuleError} `invalid_program` for a declared folder that cannot be granted; `invalid_argument` for one of the
 * host's; `mount_denied`.
 */
export async function resolvePolicies(
  policies: Record<string, Policy>,
  { program, root, environment, mounts, granted, isTrusted, secrets }: Surroundings,
): Promise<Record<string, TaskPolicy>> {
  const resolved: Record<string, TaskPolicy> = Object.create(null);
  for (const [name, policy] of Object.entries(policies)) {
    const task: TaskPolicy = {
      fuel: policy.fuel,
      memory_bytes: policy.memoryBytes,
      timeout_ms: policy.timeoutMs,
      max_retries: policy.maxRetries,
    };
    const { allowedFiles, allowedHosts, envVariables } = isTrusted ? policy : NOTHING;
    const variables = [...granted.envVariables, ...envVariables];
    if (variables.length + secrets.length > 0) {
      // Never the value, whoever lists the variable.
      const placeholders = secrets.map(({ name, placeholder }) => [name, placeholder]);
      task.env = { ...await environment.pick(variables), ...Object.fromEntries(placeholders) };
    }
    const hosts = [...granted.allowedHosts, ...allowedHosts];
    if (hosts.length > 0) task.hosts = hosts;
    if (!isTrusted) task.withheld_hosts = withheldHosts(policy, granted);
    if (allowedFiles.length + granted.allowedFiles.length + mounts.length > 0) {
      // Half a millisecond that a program without folders does without.
      const { Refused, resolveFolders } = await import("./files/folders.ts");
      try {
        task.folders = resolveFolders(root, {
          declared: allowedFiles,
          granted: granted.allowedFiles,
          mounts,
        });
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        throw error.isHost
          ? invalid({ code: "invalid_argument", option: "grants.allowedFiles" }, error)
          : invalid({
            code: "invalid_program",
            file: program.name,
            task: name,
            option: inLanguage("allowedFiles", program.language),
          }, error);
      }
    }
    resolved[name] = task;
  }
  return resolved;
}

const NOTHING = { allowedFiles: [], allowedHosts: [], envVariables: [] };
