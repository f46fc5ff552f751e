/**
 * Whether a value is a plain object, of any realm. Options in other objects (a `Map`, a promise, a class instance with
 * getters) must be rejected: their members would be ignored, and limits with them.
 */
export function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null ||
    Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, "isPrototypeOf");
}
