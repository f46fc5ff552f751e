/** From what options say to what the native library enforces. */
import { CapsuleError } from "../errors.ts";
import type { Language, TaskPolicy } from "../ffi/native.ts";
import type { Environment } from "./environment.ts";
import { resolveFolders } from "./folders.ts";
import { Invalid } from "./invalid.ts";
import type { Mount } from "./mounts.ts";
import { inLanguage, type Policy } from "./policy.ts";

/** What options refer to. */
export interface Surroundings {
  program: { name: string; language: Language };
  /** The project's root, absolute. */
  root: string;
  environment: Environment;
  mounts: Mount[];
}

/**
 * The policies of all tasks, with all that they name looked up.
 *
 * @throws {CapsuleError} `invalid_option` for a folder that cannot be granted; `mount_denied`.
 */
export async function resolvePolicies(
  policies: Record<string, Policy>,
  { program, root, environment, mounts }: Surroundings,
): Promise<Record<string, TaskPolicy>> {
  const resolved: Record<string, TaskPolicy> = Object.create(null);
  for (const [name, policy] of Object.entries(policies)) {
    const task: TaskPolicy = {
      fuel: policy.fuel,
      memory_bytes: policy.memoryBytes,
      timeout_ms: policy.timeoutMs,
      max_retries: policy.maxRetries,
    };
    if (policy.envVariables.length > 0) task.env = await environment.pick(policy.envVariables);
    if (policy.allowedHosts.length > 0) task.hosts = policy.allowedHosts;
    if (policy.allowedFiles.length + mounts.length > 0) {
      try {
        task.folders = resolveFolders(root, { declared: policy.allowedFiles, mounts });
      } catch (error) {
        if (!(error instanceof Invalid)) throw error;
        const option = inLanguage("allowedFiles", program.language);
        throw new CapsuleError(
          "invalid_option",
          `${program.name}: task ${JSON.stringify(name)}: ${option}: it ${error.message}`,
        );
      }
    }
    resolved[name] = task;
  }
  return resolved;
}
