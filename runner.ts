/**
 * Runs programs in sandboxes, inside this process or in a separate worker process.
 *
 * @module
 */
export { run } from "./runner/run.ts";
export { open, OpenProgram } from "./runner/open.ts";
export type {
  CallOptions,
  ProgramCode,
  ProgramFile,
  ProgramOptions,
  ProgramSettings,
  RunOptions,
  RunSettings,
} from "./runner/options/options.ts";
export type { Budget } from "./runner/policy/budget.ts";
export type { GrantedFolder, Grants } from "./runner/policy/grants.ts";
export type { Secret } from "./runner/policy/secrets.ts";
export type { ClippedLimit, TaskLimits } from "./runner/policy/limits.ts";
export { type Configuration, configure } from "./runner/configure.ts";
export type { RunnerOptions, RunnerResult } from "./runner/options/original_names.ts";
export type { RunEvent } from "./runner/events.ts";
export { CapsuleError, type CapsuleErrorCode } from "./errors/error.ts";
export type {
  Captured,
  Envelope,
  EnvelopeError,
  ErrorType,
  Execution,
  Failure,
  HostRequest,
  Success,
} from "./sdk/envelope.ts";
