/**
 * esbuild with limits. It reads what a program names before anybody can look at that: a device may give bytes without
 * end, and a pipe none.
 */
import { esbuildPath } from "./installation.ts";

/** Longer than any program takes. */
export const BUILD_TIMEOUT_MS = 60_000;
/** Address space, of which esbuild uses a fraction. Nothing limits it on macOS. */
const MEMORY_KIB = 4 << 20;

/** A command that is esbuild with limits. What a service writes to standard error, nobody has asked for. */
export function limitedEsbuild(
  args: string[],
  { isService = false } = {},
): { command: string; args: string[] } {
  const errors = isService ? " 2>/dev/null" : "";
  const script = `ulimit -v ${MEMORY_KIB} 2>/dev/null; exec "$0" "$@"${errors}`;
  return { command: "/bin/sh", args: ["-c", script, esbuildPath(), ...args] };
}
