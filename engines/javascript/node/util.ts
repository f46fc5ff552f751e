/** `node:util`: that of jco, with functions that it lacks and packages use. */
import library, * as exports from "@bytecodealliance/jco-std/wasi/0.2.x/node/24.x.x/util";
import os from "./process/os.ts";
import types from "./util_types.ts";

type Callable = (...args: unknown[]) => unknown;

const { inspect, format } = library;
const warned = new Set<string>();

/** Debug output is not enabled: it writes nothing. */
function debuglog(): Callable & { enabled: boolean } {
  return Object.assign(() => {}, { enabled: false });
}

/** The function, which warns when it is first called. */
function deprecate(fn: Callable, message: string, code?: string): Callable {
  function deprecated(this: unknown, ...args: unknown[]): unknown {
    const key = code ?? message;
    if (!warned.has(key)) {
      warned.add(key);
      console.warn(`${code ? `[${code}] ` : ""}DeprecationWarning: ${message}`);
    }
    return new.target ? Reflect.construct(fn, args, new.target) : fn.apply(this, args);
  }
  Object.setPrototypeOf(deprecated, fn);
  deprecated.prototype = fn.prototype;
  return deprecated;
}

function getSystemErrorName(errno: number): string | undefined {
  const { errno: codes } = os.constants;
  return Object.keys(codes).find((name) => codes[name as keyof typeof codes] === -errno);
}

const added = {
  _extend: Object.assign,
  debug: debuglog,
  debuglog,
  deprecate,
  // Only the host can map lines of a bundle to files.
  getCallSites: () => [],
  getSystemErrorName,
  isArray: Array.isArray,
  isBoolean: (value: unknown) => typeof value === "boolean",
  isBuffer: (value: unknown) => globalThis.Buffer.isBuffer(value),
  isDate: types.isDate,
  isError: (value: unknown) => value instanceof Error,
  isFunction: (value: unknown) => typeof value === "function",
  isNull: (value: unknown) => value === null,
  isNullOrUndefined: (value: unknown) => value === null || value === undefined,
  isNumber: (value: unknown) => typeof value === "number",
  isObject: (value: unknown) => typeof value === "object" && value !== null,
  isPrimitive: (value: unknown) => Object(value) !== value,
  isRegExp: types.isRegExp,
  isString: (value: unknown) => typeof value === "string",
  isSymbol: (value: unknown) => typeof value === "symbol",
  isUndefined: (value: unknown) => value === undefined,
  log: (...values: unknown[]) => console.log(format(...values as [])),
  TextDecoder,
  TextEncoder,
  types,
};

export { format, inspect, types };
export default { ...exports, ...library, ...added };
