/** `seed` and `now`: deterministic random bytes and time. */
import { CapsuleError } from "../../errors/error.ts";
import type { NativeFixed } from "../../ffi/native.ts";
import { shown } from "../../errors/shown.ts";

/** The options, not checked yet. */
export interface FixedOptions {
  seed?: unknown;
  now?: unknown;
}

const DATE = /^(\d{4})-(\d\d)-(\d\d)T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$/;
/** 2262-01-01: Python counts nanoseconds since 1970 in 64 bits. */
const NOW_MS_BELOW = Date.UTC(2262);

/**
 * Parses `seed` and `now`.
 *
 * @throws {CapsuleError} `invalid_argument`, naming option and value.
 */
export function parseFixed({ seed, now }: FixedOptions): NativeFixed {
  return {
    ...seed !== undefined && { seed: parseSeed(seed) },
    ...now !== undefined && { now_ms: parseNow(now) },
  };
}

function parseSeed(seed: unknown): number {
  if (Number.isSafeInteger(seed) && (seed as number) >= 0) return seed as number;
  throw new CapsuleError("invalid_argument", undefined, {
    option: "seed",
    value: typeof seed === "number" ? String(seed) : shown(seed),
    expected: "a whole number from 0 to 2^53 - 1",
  });
}

function parseNow(now: unknown): number {
  const ms = now instanceof Date ? now.getTime() : typeof now === "string" ? parseDate(now) : NaN;
  if (ms >= 0 && ms < NOW_MS_BELOW) return ms;
  throw new CapsuleError("invalid_argument", undefined, {
    option: "now",
    value: now instanceof Date ? String(now) : shown(now),
    expected: Number.isNaN(ms)
      ? "a date with a time and a time zone"
      : "a date between 1970 and 2261",
    hint: typeof now === "number"
      ? `write new Date(${now}), if these are milliseconds since 1970`
      : 'write "2026-01-31T12:00:00Z", or with another zone "2026-01-31T12:00:00+01:00"',
  });
}

/** Milliseconds since 1970 of an ISO 8601 date; NaN for anything else. `Date.parse` would take February 30 for March 2. */
function parseDate(text: string): number {
  const [, year, month, day] = DATE.exec(text)?.map(Number) ?? [];
  const isDay = day! <= new Date(Date.UTC(year!, month!, 0)).getUTCDate();
  return isDay ? Date.parse(text) : NaN;
}
