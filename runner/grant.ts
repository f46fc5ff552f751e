/** From what options say to what the native library enforces. */
import { CapsuleError } from "../errors.ts";
import type { Language, TaskPolicy } from "../ffi/native.ts";
import type { Environment } from "./environment.ts";
import { checkPermitted, type Permitted } from "./ceiling.ts";
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
  /** What is permitted of that which tasks declare: all, if this is undefined. */
  permitted: Permitted | undefined;
}

/**
 * The policies of all tasks, with all that they name looked up.
 *
 * @throws {CapsuleError} `invalid_option` for a folder that cannot be granted; `mount_denied`.
 */
export async function resolvePolicies(
  policies: Record<string, Policy>,
  { program, root, environment, mounts, permitted }: Surroundings,
): Promise<Record<string, TaskPolicy>> {
  if (permitted !== undefined) checkPermitted(permitted, root);
  const resolved: Record<string, TaskPolicy> = Object.create(null);
  for (const [name, policy] of Object.entries(policies)) {
    const task: TaskPolicy = {
      fuel: policy.fuel,
      memory_bytes: policy.memoryBytes,
      timeout_ms: policy.timeoutMs,
      max_retries: policy.maxRetries,
    };
    const variables = permitted === undefined
      ? policy.envVariables
      : policy.envVariables.filter((name) => permitted.env.includes(name));
    if (variables.length > 0) task.env = await environment.pick(variables);
    if (policy.allowedHosts.length > 0) task.hosts = policy.allowedHosts;
    if (permitted !== undefined) task.permitted_hosts = permitted.hosts;
    if (policy.allowedFiles.length + mounts.length > 0) {
      // Half a millisecond that a program without folders does without.
      const { resolveFolders } = await import("./folders.ts");
      try {
        task.folders = resolveFolders(root, {
          declared: policy.allowedFiles,
          permitted: permitted?.folders,
          mounts,
        });
      } catch (error) {
        if (!(error instanceof Invalid)) throw error;
        const option = inLanguage("allowedFiles", program.language);
        throw new CapsuleError(
          "invalid_option",
          `${program.name}: task ${JSON.stringify(name)}: ${option}: it ${error.message}`,
          { hint: error.hint },
        );
      }
    }
    resolved[name] = task;
  }
  return resolved;
}
