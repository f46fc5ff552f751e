import { clipped } from "../../errors/clipped.ts";
import { Invalid, parsePart, parseValue, unknownKey } from "../../errors/invalid.ts";
import { isRecord } from "../../errors/record.ts";

/** What parses each key of an object. */
export type Parsers = Record<string, (value: unknown) => unknown>;

/** The keys of an object that have a value, parsed. */
export type Parsed<P extends Parsers> = { [K in keyof P]?: ReturnType<P[K]> };

/**
 * Parses an object, such as `limits`.
 *
 * @throws {Invalid} for what is no plain object, an unknown key, or what a parser refuses.
 */
export function parseRecord<P extends Parsers>(given: unknown, parsers: P): Parsed<P> {
  if (!isRecord(given)) throw new Invalid({ expected: "a plain object", value: given });
  const parsed: Parsed<P> = {};
  for (const [key, value] of Object.entries(given)) {
    parsePart(`.${clipped(key)}`, () => {
      if (!Object.hasOwn(parsers, key)) throw unknownKey(key, Object.keys(parsers));
      if (value !== undefined) Object.assign(parsed, { [key]: parsers[key]!(value) });
    });
  }
  return parsed;
}

/**
 * Parses an option that is an object. Nothing is set by one that is missing.
 *
 * @throws {CapsuleError} `invalid_argument`, naming key and value.
 */
export function parseGroup<P extends Parsers>(
  option: string,
  given: unknown,
  parsers: P,
): Parsed<P> {
  if (given === undefined) return {};
  return parseValue({ code: "invalid_argument", option }, () => parseRecord(given, parsers));
}
