/**
 * What kind of built-in object a value is, for `node-inspect-extracted`: in place of its own checks, which go by
 * names that any object may bear. Objects whose prototype was exchanged pass for plain ones.
 */
import { canPreview, MAP, promiseDetails, SET } from "./hidden.ts";

type Check = (value: object) => unknown;

// Kept before a program can replace them.
const { getPrototypeOf } = Reflect;
const { hasOwn } = Object;
const isError = (Error as unknown as { isError?: (value: unknown) => boolean }).isError ??
  ((value: unknown) => value instanceof Error);
const call = Function.prototype.call;
const tag = call.bind(Object.prototype.toString) as (value: unknown) => string;
const nameAt = call.bind(Map.prototype.get) as (
  kinds: Map<object, Kind>,
  key: object,
) => Kind | undefined;

interface Kind {
  name: string;
  /** Throws, or gives undefined, for an object that only inherits from the kind. */
  check: Check;
}

function getter(prototype: object, name: string | symbol): Check {
  const { get } = Object.getOwnPropertyDescriptor(prototype, name)!;
  return call.bind(get!) as Check;
}

function method(prototype: object, name: string): Check {
  return call.bind((prototype as Record<string, () => unknown>)[name]!) as Check;
}

/** That of a weak collection, which has no size. */
function has(prototype: object): Check {
  const ask = method(prototype, "has") as (value: object, key: object) => unknown;
  return (value) => ask(value, prototype);
}

const typedArray = getPrototypeOf(Uint8Array.prototype)!;
const typedArrayName = getter(typedArray, Symbol.toStringTag);

const kinds = new Map<object, Kind>();
for (
  const [name, prototype, check] of [
    ["Map", Map.prototype, getter(Map.prototype, "size")],
    ["Set", Set.prototype, getter(Set.prototype, "size")],
    ["WeakMap", WeakMap.prototype, has(WeakMap.prototype)],
    ["WeakSet", WeakSet.prototype, has(WeakSet.prototype)],
    ["Date", Date.prototype, method(Date.prototype, "getTime")],
    ["RegExp", RegExp.prototype, getter(RegExp.prototype, "flags")],
    ["Promise", Promise.prototype, promiseDetails],
    ["ArrayBuffer", ArrayBuffer.prototype, getter(ArrayBuffer.prototype, "byteLength")],
    [
      "SharedArrayBuffer",
      SharedArrayBuffer.prototype,
      getter(SharedArrayBuffer.prototype, "byteLength"),
    ],
    ["DataView", DataView.prototype, getter(DataView.prototype, "buffer")],
    ["TypedArray", typedArray, typedArrayName],
    ...[Boolean, Number, String, BigInt, Symbol].map(({ name, prototype }) =>
      [name, prototype, method(prototype, "valueOf")] as const
    ),
  ] as [string, object, Check][]
) kinds.set(prototype, { name, check });

function kindOf(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  for (let at = getPrototypeOf(value); at !== null; at = getPrototypeOf(at)) {
    const kind = nameAt(kinds, at);
    if (kind === undefined) continue;
    try {
      return kind.check(value) === undefined ? undefined : kind.name;
    } catch {
      return undefined;
    }
  }
  return undefined;
}

const is = (name: string) => (value: unknown): boolean => kindOf(value) === name;
const never = (): boolean => false;

export const isMap: (value: unknown) => boolean = is("Map");
export const isSet: (value: unknown) => boolean = is("Set");
export const isWeakMap = is("WeakMap");
export const isWeakSet = is("WeakSet");
export const isDate = is("Date");
export const isRegExp = is("RegExp");
export const isPromise = is("Promise");
export const isArrayBuffer = is("ArrayBuffer");
export const isDataView = is("DataView");
export const isTypedArray = is("TypedArray");
export const isBooleanObject = is("Boolean");
export const isNumberObject = is("Number");
export const isStringObject = is("String");
export const isBigIntObject = is("BigInt");
export const isSymbolObject = is("Symbol");
export const isNativeError = isError;

export function isAnyArrayBuffer(value: unknown): boolean {
  const kind = kindOf(value);
  return kind === "ArrayBuffer" || kind === "SharedArrayBuffer";
}

export function isBoxedPrimitive(value: unknown): boolean {
  switch (kindOf(value)) {
    case "Boolean":
    case "Number":
    case "String":
    case "BigInt":
    case "Symbol":
      return true;
    default:
      return false;
  }
}

export function isArgumentsObject(value: object): boolean {
  return hasOwn(value, "callee") && tag(value) === "[object Arguments]";
}

export function isAsyncFunction(value: unknown): boolean {
  const name = tag(value);
  return name === "[object AsyncFunction]" || name === "[object AsyncGeneratorFunction]";
}

export function isGeneratorFunction(value: unknown): boolean {
  const name = tag(value);
  return name === "[object GeneratorFunction]" || name === "[object AsyncGeneratorFunction]";
}

// What one has left that has begun cannot be told: it is shown as any object.
export const isMapIterator = (value: object): boolean => canPreview(value, MAP);
export const isSetIterator = (value: object): boolean => canPreview(value, SET);
export const isExternal = never;
export const isModuleNamespaceObject = never;
