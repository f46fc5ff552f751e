/** What a program threw, as the host reads it. */
import { InvalidResult } from "./serialize.ts";

const { stringify } = JSON;
const wellFormed = Function.prototype.call.bind(String.prototype.toWellFormed) as (
  text: string,
) => string;

/** How many causes of an error are told. */
const CAUSES_AT_MOST = 5;

/** The failure as JSON. Never throws: what a program throws may have getters that do. */
export function describe(thrown: unknown): string {
  const failure: Record<string, unknown> = {
    // A map without prototype: nobody can have given it a `toJSON`.
    __proto__: null,
    kind: "task_error",
    name: "",
    message: `threw ${show(thrown)}`,
  };
  if (thrown instanceof InvalidResult) {
    failure.kind = "invalid_result";
    failure.message = wellFormed(thrown.message);
  } else if (thrown instanceof Error) {
    failure.name = textOf(() => thrown.name);
    failure.message = textOf(() => thrown.message);
    failure.stack = stackOf(thrown);
  }
  // Where memory ends while it makes an error, QuickJS throws null.
  failure.out_of_memory = thrown === null ||
    failure.name === "InternalError" && failure.message === "out of memory";
  return stringify(failure);
}

/** The stacks of an error and of its causes. */
export function stackOf(error: Error): string {
  let text = textOf(() => error.stack ?? "");
  let cause = causeOf(error);
  for (let left = CAUSES_AT_MOST; cause !== undefined && left > 0; left--) {
    text += `    caused by ${show(cause)}\n`;
    if (!(cause instanceof Error)) break;
    const error = cause;
    text += textOf(() => error.stack ?? "");
    cause = causeOf(error);
  }
  return text;
}

function causeOf(error: Error): unknown {
  try {
    return error.cause;
  } catch {
    return undefined;
  }
}

function show(value: unknown): string {
  if (typeof value !== "object" || value === null || value instanceof Error) {
    return textOf(() => value);
  }
  return textOf(() => stringify(value) ?? value);
}

function textOf(get: () => unknown): string {
  try {
    return wellFormed(String(get()));
  } catch {
    return "(its text cannot be shown)";
  }
}
