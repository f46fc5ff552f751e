/**
 * Tasks that run in sandboxes of their own: `task()` declares one, and `run()` and `open()` run programs.
 *
 * This module is safe to import anywhere: it touches neither files nor the network, and loads nothing
 * native before a program is run.
 *
 * @module
 */
import type { OpenProgram } from "./runner/open.ts";
import type { ProgramOptions, RunOptions } from "./runner/options.ts";
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
} from "./runner/options.ts";

/**
 * `run()` of `@capsule/sdk/runner`, which is loaded by the first call: runs a task of a program in a sandbox.
 *
 * @throws {CapsuleError} for mistakes on the host's side. What goes wrong in the task is in the envelope.
 */
export async function run<R = unknown>(options: RunOptions): Promise<Envelope<R>> {
  const { run } = await import("./runner.ts");
  return await run<R>(options);
}

/**
 * `open()` of `@capsule/sdk/runner`, which is loaded by the first call: loads a program for many calls.
 *
 * @throws {CapsuleError} for mistakes on the host's side.
 */
export async function open(options: ProgramOptions): Promise<OpenProgram> {
  const { open } = await import("./runner.ts");
  return await open(options);
}

/** Whether this code runs in a sandbox: false on a host, whatever a program says, and true in every sandbox. */
export function isWasmMode(): boolean {
  return false;
}
