import type { Results } from "./compare.ts";
export function writePage(_: Results) {}
