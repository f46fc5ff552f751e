/** Names that `@capsule-run/sdk` has, for host code that was written for it: docs/from-capsule-run.md. */
import type { Envelope } from "../../sdk/envelope.ts";
import type { RunOptions } from "./options.ts";

/** `RunOptions`, by the name that `@capsule-run/sdk` has for it. */
export type RunnerOptions = RunOptions;
/** `Envelope`, by the name that `@capsule-run/sdk` has for it. */
export type RunnerResult<R = unknown> = Envelope<R>;
