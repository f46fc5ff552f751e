/**
 * Declares tasks with `task()`, and runs programs in sandboxes with `run()` and `open()`.
 *
 * Importing this module has no effects: it accesses neither files nor the network, and loads the native library only when
 * a program is run.
 *
 * @module
 */
import type { OpenProgram } from "./runner/open.ts";
import type { ProgramOptions, RunOptions } from "./runner/options/options.ts";
import type { Envelope } from "./sdk/envelope.ts";

export * from "./sdk/mod.ts";
export { fs, fsPromises, os, path, process } from "./platform/builtins.ts";
export type { OpenProgram } from "./runner/open.ts";
export type {
  CallOptions,
  ProgramCode,
  ProgramFile,
  ProgramOptions,
  ProgramSettings,
  RunOptions,
  RunSettings,
} from "./runner/options/options.ts";

/**
 * Runs a task of a program in a sandbox: `run()` of `@capsule/sdk/runner`, which the first call loads.
 *
 * @throws {CapsuleError} for errors on the host's side. Errors inside the task are returned in the envelope.
 */
export async function run<R = unknown>(options: RunOptions): Promise<Envelope<R>> {
  const { run } = await import("./runner.ts");
  return await run<R>(options);
}

/**
 * Loads a program for many calls: `open()` of `@capsule/sdk/runner`, which the first call loads.
 *
 * @throws {CapsuleError} for errors on the host's side.
 */
export async function open(options: ProgramOptions): Promise<OpenProgram> {
  const { open } = await import("./runner.ts");
  return await open(options);
}

/** Whether this code runs in a sandbox: always true there, and always false on a host. */
export function isWasmMode(): boolean {
  return false;
}
