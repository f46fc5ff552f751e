/** Assertions in the manner of `@std/assert`, which lies on a registry that tests cannot reach. */
import assert, { AssertionError } from "node:assert/strict";

type ErrorClass<E extends Error> = new (...args: never[]) => E;

/** Deeply equal, types included. */
export function assertEquals(actual: unknown, expected: unknown, message?: string): void {
  if (message === undefined) assert.deepEqual(actual, expected);
  else assert.deepEqual(actual, expected, message);
}

/** Contains the text. */
export function assertStringIncludes(actual: string, expected: string): void {
  if (!actual.includes(expected)) {
    throw new AssertionError({
      message: `expected ${JSON.stringify(expected)} in:\n${actual}`,
      actual,
      expected,
      operator: "includes",
    });
  }
}

/** Matches the pattern. */
export function assertMatch(actual: string, expected: RegExp): void {
  assert.match(actual, expected);
}

/** True. */
export function assertTrue(actual: boolean, message: string): void {
  assert.equal(actual, true, message);
}

/** Throws an error of the class, with the text in its message. Returns it. */
export function assertThrows<E extends Error = Error>(
  body: () => unknown,
  errorClass?: ErrorClass<E>,
  includes?: string,
): E {
  let thrown: unknown;
  try {
    body();
  } catch (error) {
    return checked(error, errorClass, includes);
  }
  throw new AssertionError({ message: "nothing was thrown", actual: thrown });
}

/** Rejects with an error of the class, with the text in its message. Returns it. */
export async function assertRejects<E extends Error = Error>(
  body: () => Promise<unknown>,
  errorClass?: ErrorClass<E>,
  includes?: string,
): Promise<E> {
  try {
    await body();
  } catch (error) {
    return checked(error, errorClass, includes);
  }
  throw new AssertionError({ message: "nothing was rejected" });
}

function checked<E extends Error>(
  error: unknown,
  errorClass: ErrorClass<E> | undefined,
  includes: string | undefined,
): E {
  if (errorClass && !(error instanceof errorClass)) {
    throw new AssertionError({
      message: `expected ${errorClass.name}, not ${error}`,
      actual: error,
    });
  }
  if (includes !== undefined) assertStringIncludes((error as Error).message, includes);
  return error as E;
}
