/** "Did you mean …?" */

/** Names longer than this are not compared. */
const LENGTH_AT_MOST = 50;

/**
 * The known name nearest to a given one, if at most a third of its characters differ; else undefined.
 */
export function similar(given: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = Math.floor(given.length / 3) + 1;
  if (given.length > LENGTH_AT_MOST) return undefined;
  for (const name of known) {
    if (name.length > LENGTH_AT_MOST) continue;
    const edits = distance(given.toLowerCase(), name.toLowerCase());
    if (edits < least) [best, least] = [name, edits];
  }
  return best;
}

/** The edit distance: characters to insert, delete, replace, or swap with their neighbour. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      let edits = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (isSame ? 0 : 1));
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (isSwapped) edits = Math.min(edits, before[j - 2]! + 1);
      row.push(edits);
    }
    [before, last] = [last, row];
  }
  return last[b.length]!;
}
