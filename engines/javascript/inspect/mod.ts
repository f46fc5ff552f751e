/** Formats values with Node's own code, from `node-inspect-extracted`, which `patch.ts` adapts to the engine. */
import library from "node-inspect-extracted";

const { format, formatWithOptions, getStringWidth, inspect } = library as
  & typeof library
  & { getStringWidth(text: string): number };

// A build makes names short.
for (const [name, value] of Object.entries({ format, formatWithOptions, inspect })) {
  Object.defineProperty(value, "name", { value: name, configurable: true });
}
// Newer than Node 24, which the engine passes for.
inspect.styles.regexp = "red";

export { format, formatWithOptions, getStringWidth, inspect };
