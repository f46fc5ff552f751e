/** Runs one program of the compatibility table in a sandbox. */
import { CapsuleError, type OpenProgram } from "@capsule/sdk/runner";
import { open } from "@capsule/sdk/runner";
import { PROJECT } from "./install.ts";

/** The outcome of a program. */
export interface Outcome {
  /** The reason of a failure; undefined if it passes. */
  reason?: string;
  /** The time of a call, after the program was loaded. */
  callMs?: number;
}

/** The time limit, generous for a busy machine. */
const TIMEOUT_MS = 120_000;
/** The most characters of a reason in a table. */
const REASON_LENGTH = 100;

/** Opens a program and calls it twice: the first call fills caches, the second is timed. */
export async function tryProgram(file: string, server: string): Promise<Outcome> {
  const source = await Deno.readTextFile(`${PROJECT}/${file}`);
  // A program that lists hosts gets the server's address as its argument.
  const args = /allowed_?hosts/i.test(source) ? [server] : [];
  try {
    await using program = await openProgram(file);
    const first = await callProgram(program, args);
    return first.reason === undefined ? await callProgram(program, args) : first;
  } catch (error) {
    if (error instanceof CapsuleError) return { reason: reasonOf(error.message) };
    throw error;
  }
}

/** Loads a program of the project. */
export function openProgram(file: string): Promise<OpenProgram> {
  return open({ file, cwd: PROJECT, signal: AbortSignal.timeout(TIMEOUT_MS) });
}

async function callProgram(program: OpenProgram, args: unknown[]): Promise<Outcome> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const { error, execution } = await program.call("main", args, { signal });
  if (error === null) return { callMs: execution.duration_ms };
  if (error.error_type !== "task_error") return { reason: error.error_type };
  const cause = error.stack?.match(/^ *caused by (.*)$/gm)?.at(-1)?.replace(/^ *caused by /, ": ");
  return { reason: reasonOf(error.message.split("\n")[0] + (cause ?? "")) };
}

/** A message on one line, without its place. */
export function reasonOf(message: string): string {
  const line = message.split("\n").find((text) => text.trim() !== "") ?? "no message";
  const text = line
    .replaceAll(PROJECT, "")
    .replace(/^✘ \[ERROR\] /, "")
    .replace(/^Cannot load "[^"]*": /, "")
    .replace(/^(?:npm|pypi)\/\S+\/main\.py:\d+:\d+: /, "")
    // File names depend on the machine.
    .replace(/^.*Cannot import '([\w.]+)': \S+ is native code.*$/, "needs $1, which is native code")
    // The class of the error, if a text follows.
    .replace(/^[A-Z]\w*: (?:\[Errno \d+\] )?(?=.)/, "")
    .replace(/^No module named '[\w.]+': /, "")
    .trim();
  return text.length > REASON_LENGTH ? `${text.slice(0, REASON_LENGTH - 1)}…` : text;
}
