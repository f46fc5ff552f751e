/** What is said of samples. */

/** The value that this share of the samples does not exceed. */
export function quantile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[
    Math.min(sorted.length - 1, Math.floor(sorted.length * share))
  ] ?? NaN;
}

/** The middle value. */
export function median(values: number[]): number {
  return quantile(values, 0.5);
}
