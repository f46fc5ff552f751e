/** Parses JSON without rounding large numbers, which Python can have. */

/** Missing in older runtimes, where large numbers are rounded. */
const { rawJSON } = JSON as unknown as { rawJSON?: (text: string) => unknown };

/**
 * Parses JSON. Numbers that JavaScript would round become objects that `JSON.stringify` writes unchanged.
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

/** The JSON text of the result in a successful envelope. */
export function resultOf(envelope: string): string {
  // These keys cannot occur inside a JSON string, where quotes are escaped.
  return envelope.slice(
    envelope.indexOf('"result":') + '"result":'.length,
    envelope.lastIndexOf(',"error":null,"execution":'),
  );
}
