import { clipped } from "../../errors/clipped.ts";
import { Invalid, parsePart, parseValue } from "../../errors/invalid.ts";

const LABELS_AT_MOST = 16;
const CHARACTERS_AT_MOST = 64;
/** Characters that control a terminal or the direction of text, break a line or show nothing. U+200D joins emoji. */
const CONTROLS = /[\p{Cc}\p{Zl}\p{Zp}\u2800\u3164\u115f\u1160\uffa0]|(?!\u200d)\p{Cf}/u;

/**
 * Parses `labels`.
 *
 * @throws {CapsuleError} `invalid_argument`, naming the label.
 */
export function parseLabels(labels: unknown): string[] {
  return parseValue({ code: "invalid_argument", option: "labels" }, () => {
    if (!Array.isArray(labels)) throw new Invalid({ expected: "a list of strings", value: labels });
    if (labels.length > LABELS_AT_MOST) {
      throw new Invalid({ problem: `has ${labels.length} labels, more than ${LABELS_AT_MOST}` });
    }
    return Array.from(labels, (label, index) => parsePart(`[${index}]`, () => parseLabel(label)));
  });
}

function parseLabel(label: unknown): string {
  const isLabel = typeof label === "string" && label.trim() !== "" && label.isWellFormed() &&
    !CONTROLS.test(label) &&
    [...clipped(label, 4 * CHARACTERS_AT_MOST)].length <= CHARACTERS_AT_MOST;
  if (isLabel) return label;
  throw new Invalid({
    expected: `1 to ${CHARACTERS_AT_MOST} characters without control characters`,
    value: label,
  });
}
