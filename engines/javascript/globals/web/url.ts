/** URL and URLSearchParams, from the library that the standard's authors keep, shown as Node shows them. */
import type { InspectOptionsStylized } from "node:util";
import { URL, URLSearchParams } from "whatwg-url";
import { getStringWidth, inspect } from "../../inspect/mod.ts";
import { define } from "../define.ts";

const SHOWN = [
  ...["href", "origin", "protocol", "username", "password", "host", "hostname", "port"],
  ...["pathname", "search", "searchParams", "hash"],
] as (keyof URL)[];

function showURL(this: URL, depth: number | null, options: InspectOptionsStylized): unknown {
  if (depth !== null && depth < 0) return this;
  const parts = Object.fromEntries(SHOWN.map((name) => [name, this[name]]));
  return `${this.constructor.name} ${inspect(parts, options)}`;
}

function showParams(
  this: URLSearchParams,
  depth: number | null,
  options: InspectOptionsStylized,
): string {
  if (depth !== null && depth < 0) return options.stylize("[Object]", "special");
  const inner = { ...options, ...depth !== null && { depth: depth - 1 } };
  const pairs = Array.from(
    this,
    ([name, value]) => `${inspect(name, inner)} => ${inspect(value, inner)}`,
  );
  const { name } = this.constructor;
  if (pairs.length === 0) return `${name} {}`;
  const line = pairs.join(", ");
  return getStringWidth(line) > (options.breakLength ?? 80)
    ? `${name} {\n  ${pairs.join(",\n  ")} }`
    : `${name} { ${line} }`;
}

for (const [{ prototype }, value] of [[URL, showURL], [URLSearchParams, showParams]] as const) {
  Object.defineProperty(prototype, inspect.custom, { value, configurable: true, writable: true });
}

define({ URL, URLSearchParams });
