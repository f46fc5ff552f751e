/** Shortens untrusted text for messages. */

/** Text, cut at 150 characters by default, which is longer than any task name. */
export function clipped(text: string, lengthAtMost = LENGTH_AT_MOST): string {
  if (text.length <= lengthAtMost) return text;
  // A surrogate pair is not split.
  return `${text.slice(0, lengthAtMost).toWellFormed().replace(/\ufffd$/, "")}…`;
}

/** A file path, cut at 500 characters. */
export function clippedPath(path: string): string {
  return clipped(path, PATH_LENGTH_AT_MOST);
}

const LENGTH_AT_MOST = 150;
const PATH_LENGTH_AT_MOST = 500;
