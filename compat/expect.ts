/** What the programs of the compatibility table check with: little, so that it hides nothing. */

/** Throws unless both have the same JSON. */
export function equal(actual: unknown, expected: unknown): void {
  const [left, right] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (left !== right) throw new Error(`got ${left}, not ${right}`);
}

/** Throws unless the text has the part. */
export function includes(text: string, part: string): void {
  if (!text.includes(part)) throw new Error(`${JSON.stringify(part)} is not in: ${text}`);
}

/** Throws unless the body does, with a message that matches. */
export async function throws(body: () => unknown, message: RegExp): Promise<void> {
  let thrown: unknown;
  try {
    await body();
  } catch (error) {
    thrown = error;
  }
  if (thrown === undefined) throw new Error(`nothing was thrown that matches ${message}`);
  if (!message.test(String(thrown))) throw new Error(`${thrown} does not match ${message}`);
}
