/** What a program threw, as the host reads it. */
import { InvalidResult } from "./serialize.ts";

const { stringify } = JSON;

/** The failure as JSON. */
export function describe(thrown: unknown): string {
  if (!(thrown instanceof Error)) {
    return stringify({ kind: "task_error", name: "", message: `threw ${show(thrown)}` });
  }
  return stringify({
    kind: thrown instanceof InvalidResult ? "invalid_result" : "task_error",
    name: thrown instanceof InvalidResult ? "" : String(thrown.name),
    message: String(thrown.message),
    stack: thrown instanceof InvalidResult ? undefined : stackOf(thrown),
    out_of_memory: thrown.name === "InternalError" && thrown.message === "out of memory",
  });
}

function stackOf(error: Error): string {
  let text = String(error.stack ?? "");
  for (let cause = error.cause, left = 5; cause !== undefined && left > 0; left--) {
    text += `    caused by ${show(cause)}\n`;
    if (!(cause instanceof Error)) break;
    text += String(cause.stack ?? "");
    cause = cause.cause;
  }
  return text;
}

function show(value: unknown): string {
  try {
    return typeof value === "object" && value !== null && !(value instanceof Error)
      ? stringify(value) ?? String(value)
      : String(value);
  } catch {
    return typeof value;
  }
}
