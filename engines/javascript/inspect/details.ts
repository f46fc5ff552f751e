/** The functions of V8 that `node-inspect-extracted` uses in Node, as far as QuickJS allows them. */
import { PENDING, preview, promiseDetails, proxyDetails, REJECTED } from "./hidden.ts";

// Kept before a program can replace them.
const { getOwnPropertyNames, getOwnPropertySymbols, keys } = Object;
const { isArray } = Array;
const call = Function.prototype.call;
const tag = call.bind(Object.prototype.toString) as (value: unknown) => string;
const isEnumerable = call.bind(Object.prototype.propertyIsEnumerable) as (
  value: object,
  key: PropertyKey,
) => boolean;

const MAX_INDEX = 2 ** 32 - 2;

export const constants = {
  kPending: PENDING,
  kRejected: REJECTED,
  ALL_PROPERTIES: 0,
  ONLY_ENUMERABLE: 2,
};

/** The names come first that are indexes, in their order: of a million, twenty are looked at. */
export function getOwnNonIndexProperties(value: object, filter: number): PropertyKey[] {
  const onlyEnumerable = filter === constants.ONLY_ENUMERABLE;
  const names = onlyEnumerable ? keys(value) : getOwnPropertyNames(value);
  let start = 0;
  for (let end = names.length; start < end;) {
    const middle = (start + end) >>> 1;
    if (isIndex(names[middle]!)) start = middle + 1;
    else end = middle;
  }
  const found: PropertyKey[] = [];
  for (let at = start; at < names.length; at++) found[found.length] = names[at]!;
  const symbols = getOwnPropertySymbols(value);
  for (let at = 0; at < symbols.length; at++) {
    const symbol = symbols[at]!;
    if (!onlyEnumerable || isEnumerable(value, symbol)) found[found.length] = symbol;
  }
  return found;
}

function isIndex(name: string): boolean {
  const number = +name;
  return number >= 0 && number <= MAX_INDEX && `${number >>> 0}` === name;
}

/** Of what has no constructor to be seen. */
export function getConstructorName(value: object): string {
  if (isArray(value)) return "Array";
  return typeof value === "function"
    ? "Function"
    : tag(value) === "[object Error]"
    ? "Error"
    : "Object";
}

export function getPromiseDetails(value: object): [state: number, result: unknown] {
  return promiseDetails(value) ?? [PENDING, undefined];
}

/** Both of a proxy, or what it stands for alone. */
export function getProxyDetails(value: object, both = true): unknown {
  const details = proxyDetails(value);
  return both ? details : details?.[0];
}

/** What an iterator will give. What a weak collection holds is not told. */
export function previewEntries(value: object, isIterator = false): unknown[] {
  return isIterator ? preview(value) : [];
}

export const getExternalValue = (): bigint => 0n;
