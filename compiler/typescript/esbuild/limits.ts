/** esbuild with limits. It is handed the texts of programs, and has no file, folder or network to go with them. */
import { platform } from "../../../platform/mod.ts";
import { esbuildPath } from "../../../install/installation.ts";

/** Longer than any program takes. */
export const BUILD_TIMEOUT_MS = 20_000;
/** Address space, of which esbuild uses a fraction. Nothing limits it on macOS. */
const MEMORY_KIB = 4 << 20;
/** Its three streams and two of a clock: it cannot open anything else. macOS opens libraries for it. */
const DESCRIPTORS = platform.target.startsWith("linux") ? 5 : 256;

/** A command that is esbuild with limits. What it writes to standard error, nobody has asked for. */
export function limitedEsbuild(args: string[]): { command: string; args: string[] } {
  const limits = `ulimit -v ${MEMORY_KIB} 2>/dev/null; ulimit -c 0; ulimit -n ${DESCRIPTORS}`;
  // Redirected before there are no descriptors left to do that with.
  const script = `exec 2>/dev/null; ${limits} && exec "$0" "$@"`;
  return { command: "/bin/sh", args: ["-c", script, esbuildPath(), ...args] };
}
