/** Text that somebody else wrote, as messages quote it. */

/** Text, cut where it is longer than any name of a task. */
export function clipped(text: string, lengthAtMost = LENGTH_AT_MOST): string {
  if (text.length <= lengthAtMost) return text;
  // Not in the middle of a character.
  return `${text.slice(0, lengthAtMost).toWellFormed().replace(/\ufffd$/, "")}…`;
}

/** The path of a file, cut where it is longer than one that somebody reads. */
export function clippedPath(path: string): string {
  return clipped(path, PATH_LENGTH_AT_MOST);
}

const LENGTH_AT_MOST = 150;
const PATH_LENGTH_AT_MOST = 500;
