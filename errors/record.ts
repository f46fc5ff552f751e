/**
 * Whether it is a plain object, of any realm. Members of others (a `Map`, a promise that nobody awaited, an instance of a
 * class with getters) would be overlooked: a limit that one believes to have set would not be there.
 */
export function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null ||
    Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, "isPrototypeOf");
}
