/** Colours, and the width of the terminal. */
import { platform } from "../../platform/mod.ts";

const CODES = { red: 31, green: 32, yellow: 33, cyan: 36, dim: 2 } as const;

/** Text in a colour, if the descriptor shows colours: 1 is standard output, 2 standard error. */
export function styled(style: keyof typeof CODES, text: string, descriptor: 1 | 2 = 2): string {
  return hasColors(descriptor) ? `\u001b[${CODES[style]}m${text}\u001b[0m` : text;
}

/** A non-empty `NO_COLOR` wins over a non-empty `FORCE_COLOR`, and both over the kind of terminal. */
function hasColors(descriptor: 1 | 2): boolean {
  if (platform.env("NO_COLOR")) return false;
  const forced = platform.env("FORCE_COLOR");
  if (forced) return forced !== "0" && forced !== "false";
  return platform.isTerminal(descriptor) && platform.env("TERM") !== "dumb";
}

/** Columns of the terminal on standard output; undefined if it is not one. */
export function lineWidth(): number | undefined {
  return platform.isTerminal(1) ? platform.columns() : undefined;
}
