import { CapsuleError } from "../../errors/error.ts";
import { clipped, shown } from "../../errors/shown.ts";

const LABELS_AT_MOST = 16;
const CHARACTERS_AT_MOST = 64;
/** What steers a terminal or the direction of its text, and what breaks a line. */
// deno-lint-ignore no-control-regex
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/;

/**
 * Parses `labels`.
 *
 * @throws {CapsuleError} `invalid_argument`, naming the label.
 */
export function parseLabels(labels: unknown): string[] {
  if (!Array.isArray(labels)) {
    throw refused("labels", `${shown(labels)} is no list of texts`);
  }
  if (labels.length > LABELS_AT_MOST) {
    throw refused("labels", `there are ${labels.length}, more than ${LABELS_AT_MOST}`);
  }
  return labels.map((label, index) => {
    const problem = problemOf(label);
    if (problem === undefined) return label;
    throw refused(`labels[${index}]`, problem);
  });
}

function problemOf(label: unknown): string | undefined {
  if (typeof label !== "string") return `${shown(label)} is no text`;
  if (label.trim() === "") return "it is empty";
  if (CONTROLS.test(label) || !label.isWellFormed()) {
    return `${shown(label)} has control characters`;
  }
  const length = [...clipped(label, 4 * CHARACTERS_AT_MOST)].length;
  if (length <= CHARACTERS_AT_MOST) return undefined;
  return `${clipped(shown(label), 40)} is longer than ${CHARACTERS_AT_MOST} characters`;
}

function refused(where: string, problem: string): CapsuleError {
  return new CapsuleError("invalid_argument", `${where}: ${problem}`, {
    hint:
      `labels are at most ${LABELS_AT_MOST} texts of 1 to ${CHARACTERS_AT_MOST} characters, none of them a control character`,
  });
}
