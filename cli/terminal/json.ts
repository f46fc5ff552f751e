/** JSON whose numbers stay as they are written: 2^53 is no limit in Python. */

/** What newer JavaScript knows of JSON; without it, numbers are those of JavaScript. */
const { rawJSON } = JSON as unknown as { rawJSON?: (text: string) => unknown };

/**
 * Parses JSON. Numbers that JavaScript would round become what `JSON.stringify` writes as it was.
 *
 * @throws {SyntaxError} for text that is not JSON.
 */
export function parseExactly(text: string): unknown {
  if (rawJSON === undefined) return JSON.parse(text);
  const keep = (_key: string, value: unknown, context?: { source?: string }) =>
    typeof value === "number" && context?.source !== undefined && String(value) !== context.source
      ? rawJSON(context.source)
      : value;
  return JSON.parse(text, keep);
}

/** The result in an envelope that succeeded, as JSON. */
export function resultOf(envelope: string): string {
  // Inside of a string of JSON, no quote stands without a backslash.
  return envelope.slice(
    envelope.indexOf('"result":') + '"result":'.length,
    envelope.lastIndexOf(',"error":null,"execution":'),
  );
}
