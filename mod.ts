/**
 * Tasks that run in sandboxes of their own: `task()` declares one, and `run()` and `open()` run programs.
 *
 * This module is safe to import anywhere: it touches neither files nor the network, and loads nothing
 * native before a program is run.
 *
 * @module
 */
import type { OpenProgram, ProgramOptions } from "./runner/open.ts";
import type { RunOptions } from "./runner/run.ts";
import type { Envelope } from "./sdk/envelope.ts";

export * from "./sdk/mod.ts";
export type {
  CallOptions,
  OpenProgram,
  ProgramCode,
  ProgramFile,
  ProgramOptions,
  ProgramSettings,
} from "./runner/open.ts";
export type { RunOptions, RunSettings } from "./runner/run.ts";

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
