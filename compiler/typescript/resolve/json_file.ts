/** Settings in JSON that came with a program: any text, of any shape. */
import type { ParseError } from "jsonc-parser";
import { CapsuleError } from "../../../errors/error.ts";
import { clippedPath } from "../../../errors/clipped.ts";

/** A JSON object. What it has may be anything. */
export type JsonObject = Record<string, unknown>;

/** The value if it is an object, and nothing otherwise. */
export function objectIn(value: unknown): JsonObject | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? value as JsonObject
    : undefined;
}

/** The value if it is text. */
export function textIn(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** A member that the object itself has. */
export function memberOf(value: unknown, name: string): unknown {
  const object = objectIn(value);
  return object !== undefined && Object.hasOwn(object, name) ? object[name] : undefined;
}

/**
 * JSON as npm reads it.
 *
 * @throws {CapsuleError} for what is none.
 */
export function parseJson(text: string, path: string): JsonObject {
  try {
    return objectIn(JSON.parse(text)) ?? {};
  } catch {
    throw new CapsuleError("invalid_program", `Cannot read "${clippedPath(path)}": it is not JSON`);
  }
}

/**
 * JSON as Deno and TypeScript read it: with comments and trailing commas.
 *
 * @throws {CapsuleError} for what is none, naming line and column.
 */
export async function parseCommentedJson(text: string, path: string): Promise<JsonObject> {
  try {
    const value = objectIn(JSON.parse(text));
    if (value !== undefined) return value;
  } catch {
    // Most has no comments, and takes no parser.
  }
  const { parse, printParseErrorCode } = await import("jsonc-parser");
  const errors: ParseError[] = [];
  let value: unknown;
  try {
    value = objectIn(parse(text, errors, { allowTrailingComma: true }));
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new CapsuleError(
      "invalid_program",
      `Cannot read "${clippedPath(path)}": it is nested too deeply`,
    );
  }
  if (errors[0] === undefined && value !== undefined) return value as JsonObject;
  const { error = 1, offset = 0 } = errors[0] ?? {};
  const lines = text.slice(0, offset).split("\n");
  throw new CapsuleError(
    "invalid_program",
    `${clippedPath(path)}:${lines.length}:${lines.at(-1)!.length + 1}: ${
      printParseErrorCode(error)
    }`,
  );
}
