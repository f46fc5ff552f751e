/** Prints results of benchmarks. */

/** An aligned table: the first column to the left, figures to the right. */
export function table([header, ...rows]: string[][]): string {
  const all = [header!, ...rows];
  const widths = header!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  const line = (row: string[]) =>
    row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)
    )
      .join("  ");
  const rule = widths.map((width) => "─".repeat(width)).join("  ");
  return [line(header!), rule, ...rows.map(line)].join("\n");
}
