/** From what options say to what the native library enforces. */
import type { TaskPolicy } from "../ffi/native.ts";
import type { Environment } from "./environment.ts";
import type { Policy } from "./policy.ts";

/** The policies of all tasks, with all that they name looked up. */
export async function resolvePolicies(
  policies: Record<string, Policy>,
  environment: Environment,
): Promise<Record<string, TaskPolicy>> {
  const resolved: Record<string, TaskPolicy> = Object.create(null);
  for (const [name, policy] of Object.entries(policies)) {
    resolved[name] = {
      fuel: policy.fuel,
      memory_bytes: policy.memoryBytes,
      timeout_ms: policy.timeoutMs,
      max_retries: policy.maxRetries,
    };
    if (policy.envVariables.length > 0) {
      resolved[name].env = await environment.pick(policy.envVariables);
    }
  }
  return resolved;
}
