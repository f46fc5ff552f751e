/** What tests see of processes that are not theirs. Linux alone tells it. */

/** Whether a process runs. */
export function isAlive(processId: number): boolean {
  const state = statOf(processId)?.[0];
  return state !== undefined && state !== "Z";
}

/** The processes that a process has started. */
export function childrenOf(processId: number): number[] {
  const ids = Array.from(Deno.readDirSync("/proc"), ({ name }) => Number(name));
  return ids.filter((id) => id > 0 && Number(statOf(id)?.[1]) === processId);
}

/** The workers that a process has started. */
export function workersOf(processId: number): number[] {
  return childrenOf(processId).filter((id) => {
    try {
      return Deno.readTextFileSync(`/proc/${id}/cmdline`).endsWith("\0worker\0");
    } catch {
      return false;
    }
  });
}

/** Waits until something holds, for a few seconds at most. Returns whether it does. */
export async function eventually(holds: () => boolean, timeoutMs = 5000): Promise<boolean> {
  const endMs = performance.now() + timeoutMs;
  while (!holds()) {
    if (performance.now() > endMs) return false;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return true;
}

/** Memory of a process in bytes: `VmRSS` is all that is in use, `RssAnon` its private part. */
export function memoryBytes(kind: "VmRSS" | "RssAnon", processId: number = Deno.pid): number {
  const status = Deno.readTextFileSync(`/proc/${processId}/status`);
  return Number(status.match(new RegExp(`^${kind}:\\s*(\\d+)`, "m"))![1]) * 1024;
}

/** State, parent and what follows in /proc/…/stat; the name before may hold anything. */
function statOf(processId: number): string[] | undefined {
  try {
    return Deno.readTextFileSync(`/proc/${processId}/stat`).split(") ").at(-1)!.split(" ");
  } catch {
    return undefined;
  }
}
