/** Colours, where they are wanted, and the width of the terminal. */
import { platform } from "../../platform/mod.ts";

const CODES = { red: 31, green: 32, yellow: 33, cyan: 36, dim: 2 } as const;

/** Text in a colour, if what it is written to shows colours: 1 is standard output, 2 standard error. */
export function styled(style: keyof typeof CODES, text: string, descriptor: 1 | 2 = 2): string {
  return hasColors(descriptor) ? `\u001b[${CODES[style]}m${text}\u001b[0m` : text;
}

/** `NO_COLOR` wins over `FORCE_COLOR`; either counts if it is not empty. */
function hasColors(descriptor: 1 | 2): boolean {
  if (platform.env("NO_COLOR")) return false;
  const forced = platform.env("FORCE_COLOR");
  if (forced) return forced !== "0" && forced !== "false";
  return platform.isTerminal(descriptor) && platform.env("TERM") !== "dumb";
}

/** How many characters a line of standard output has room for; undefined where it is not a terminal. */
export function lineWidth(): number | undefined {
  return platform.isTerminal(1) ? platform.columns() : undefined;
}
