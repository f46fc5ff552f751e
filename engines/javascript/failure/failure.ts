/** Converts a thrown value into a failure for the host. */
import { isOutside } from "../node/host/files.ts";
import { InvalidResult } from "../serialize.ts";

// Kept before a program can replace them.
const { stringify } = JSON;
const toText = String;
const call = Function.prototype.call;
const wellFormed = call.bind(String.prototype.toWellFormed) as (text: string) => string;
const slice = call.bind(String.prototype.slice) as (
  text: string,
  start: number,
  end: number,
) => string;

/** The most causes of an error that are shown. */
const CAUSES_AT_MOST = 5;
/** The longest message or stack. */
const CHARACTERS_AT_MOST = 16_000;
const NAME_CHARACTERS_AT_MOST = 200;

/** The failure as JSON. Never throws, even if getters of the value do. */
export function describe(thrown: unknown): string {
  try {
    return stringify(failureOf(thrown));
  } catch {
    return '{"kind":"task_error","name":"","message":"threw what cannot be shown"}';
  }
}

function failureOf(thrown: unknown): Record<string, unknown> {
  const failure: Record<string, unknown> = {
    // Without a prototype, it cannot inherit a `toJSON` from the program.
    __proto__: null,
    kind: "task_error",
    name: "",
    message: "",
  };
  if (is(thrown, InvalidResult)) {
    failure.kind = "invalid_result";
    failure.message = textOf(() => thrown.message);
  } else if (is(thrown, Error)) {
    failure.name = textOf(() => thrown.name, NAME_CHARACTERS_AT_MOST);
    failure.message = textOf(() => thrown.message) + textOf(() => outsideHint(thrown));
    failure.stack = stackOf(thrown);
  } else {
    failure.message = `threw ${show(thrown)}`;
  }
  // Where memory ends while it makes an error, QuickJS throws null.
  failure.out_of_memory = thrown === null ||
    failure.name === "InternalError" && failure.message === "out of memory";
  return failure;
}

/** The option that gives a missing file, if that may be one of the host. */
function outsideHint(error: Error): string {
  const { code, path } = error as { code?: unknown; path?: unknown };
  if (code !== "ENOENT" || typeof path !== "string" || !isOutside(path)) return "";
  return " (the task was given no folder that holds it: allowedFiles, grants.allowedFiles or a mount gives one)";
}

/** The text for standard error about an unhandled value. Never throws. */
export function uncaught(thrown: unknown): { text: string; stack: string } {
  if (!is(thrown, Error)) return { text: show(thrown), stack: "" };
  const name = textOf(() => thrown.name, NAME_CHARACTERS_AT_MOST);
  const message = textOf(() => thrown.message);
  const text = name && message ? `${name}: ${message}` : name || message;
  return { text, stack: stackOf(thrown) };
}

/** The stacks of an error and of its causes. */
export function stackOf(error: Error): string {
  let text = textOf(() => error.stack ?? "");
  let cause = causeOf(error);
  for (let left = CAUSES_AT_MOST; cause !== undefined && left > 0; left--) {
    text += `    caused by ${show(cause)}\n`;
    if (!is(cause, Error)) break;
    const error: Error = cause;
    text += textOf(() => error.stack ?? "");
    cause = causeOf(error);
  }
  return clipped(text, CHARACTERS_AT_MOST);
}

function causeOf(error: Error): unknown {
  try {
    return error.cause;
  } catch {
    return undefined;
  }
}

/** Like `instanceof`, which a proxy or a program's own `Symbol.hasInstance` may make throw. */
function is<T>(value: unknown, of: abstract new (...args: never[]) => T): value is T {
  try {
    return value instanceof of;
  } catch {
    return false;
  }
}

function show(value: unknown): string {
  if (typeof value !== "object" || value === null || is(value, Error)) {
    return textOf(() => value);
  }
  return textOf(() => stringify(value) ?? value);
}

function textOf(get: () => unknown, characters = CHARACTERS_AT_MOST): string {
  try {
    return clipped(toText(get()), characters);
  } catch {
    return "(its text cannot be shown)";
  }
}

/** The beginning of a text, and how much is missing. */
export function clipped(text: string, characters: number): string {
  if (text.length <= characters) return wellFormed(text);
  const kept = wellFormed(slice(text, 0, characters));
  return `${kept}… (${text.length - characters} characters more)`;
}
