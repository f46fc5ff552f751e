/** Defines globals, hidden from enumeration as everywhere. A bundle may have given a class another name. */
export function define(globals: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(globals)) {
    if (typeof value === "function" && value.name.replace(/^_|\d+$/, "") === name) {
      Object.defineProperty(value, "name", { value: name, configurable: true });
    }
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
  }
}
