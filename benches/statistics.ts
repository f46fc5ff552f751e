/** Statistics of samples. */

/** The quantile of the samples: 0.5 is the median. */
export function quantile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[
    Math.min(sorted.length - 1, Math.floor(sorted.length * share))
  ] ?? NaN;
}

/** The median. */
export function median(values: number[]): number {
  return quantile(values, 0.5);
}
