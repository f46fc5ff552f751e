/** `node:util/types`. Kinds that the engine cannot detect are false. */
import library from "@bytecodealliance/jco-std/wasi/0.2.x/node/24.x.x/util/types";
import { proxyDetails } from "../inspect/hidden.ts";

const no = () => false;

function isProxy(value: unknown): boolean {
  const isObject = typeof value === "object" || typeof value === "function";
  return isObject && value !== null && proxyDetails(value) !== undefined;
}

export default { ...library, isExternal: no, isKeyObject: no, isProxy };
