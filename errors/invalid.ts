import { CapsuleError, type CapsuleErrorCode } from "./error.ts";
import type { ErrorFields } from "./message.ts";
import { shown } from "./shown.ts";
import { similar } from "./similar.ts";

/** What is wrong with a value. */
export interface Wrong {
  /** By default the value is not what is expected. */
  problem?: string | undefined;
  expected?: string | undefined;
  /** Undefined is not shown. */
  value?: unknown;
  hint?: string | undefined;
}

/** An option does not take a value. A caller that knows the option makes a {@link CapsuleError} of this. */
export class Invalid extends Error {
  readonly wrong: Wrong;
  /** The part of the value that is wrong: `[0].mode`. */
  path = "";

  constructor(wrong: Wrong) {
    super(wrong.problem ?? wrong.expected);
    this.wrong = wrong;
  }
}

/** The option that a value was given for. */
export interface Option extends Omit<ErrorFields, "value" | "expected"> {
  code: CapsuleErrorCode;
  option: string;
}

/** An error about a value of an option. */
export function invalid(
  { code, option, ...place }: Option,
  { path = "", ...error }: { wrong: Wrong; path?: string },
): CapsuleError {
  const { problem, value, ...wrong } = error.wrong;
  return new CapsuleError(code, problem, {
    ...place,
    ...wrong,
    option: `${option}${path}`,
    value: value === undefined ? undefined : shown(value),
  });
}

/** An error about a value of an option of the API. */
export function invalidArgument(option: string, wrong: Wrong): CapsuleError {
  return invalid({ code: "invalid_argument", option }, { wrong });
}

/**
 * Parses the value of an option.
 *
 * @throws {CapsuleError} in place of {@link Invalid}.
 */
export function parseValue<T>(option: Option, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw error instanceof Invalid ? invalid(option, error) : error;
  }
}

/**
 * Parses a part of a value.
 *
 * @param path Of the part: `.mode`, `[0]`.
 */
export function parsePart<T>(path: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof Invalid) error.path = path + error.path;
    throw error;
  }
}

/** A key that is none of those that are known. */
export function unknownKey(key: string, known: readonly string[], what = "key"): Invalid {
  const meant = similar(key, known);
  return new Invalid({
    problem: `unknown ${what}`,
    expected: `one of ${known.join(", ")}`,
    hint: meant && `did you mean ${meant}?`,
  });
}
