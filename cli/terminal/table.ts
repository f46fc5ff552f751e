/** Figures and tables as a person reads them. */
import { lineWidth, styled } from "./style.ts";
import { visibleLine } from "./visible.ts";

/**
 * Rows below a header, in columns that line up. A column whose header ends with `>` is one of figures:
 * it stands to the right. Each row is one line, whatever its cells hold. On a terminal, what it has no room for is cut.
 */
export function table(
  header: string[],
  rows: string[][],
  columns: number = lineWidth() ?? Infinity,
): string {
  const isRight = header.map((title) => title.endsWith(">"));
  const all = [header.map((title) => title.replace(/>$/, "")), ...rows.map(visibleCells)];
  const widths = header.map((_, column) =>
    all.reduce((widest, row) => Math.max(widest, width(row[column] ?? "")), 0)
  );
  return all.map((row) => {
    const line = row.map((cell, column) => {
      const space = " ".repeat(widths[column]! - width(cell));
      return isRight[column] ? space + cell : cell + space;
    }).join("  ").trimEnd();
    return cut(line, columns);
  }).map((line, index) => index === 0 ? styled("dim", line, 1) : line).join("\n");
}

function visibleCells(row: string[]): string[] {
  return row.map(visibleLine);
}

function cut(line: string, columns: number): string {
  return width(line) <= columns ? line : `${[...line].slice(0, columns - 1).join("")}…`;
}

function width(text: string): number {
  return [...text].length;
}

/** A time in milliseconds, seconds or minutes, with at most three digits. Nothing for what has not ended. */
export function duration(ms: number | null): string {
  if (ms === null) return "";
  if (ms < 999.5) return `${digits(ms)} ms`;
  if (ms < 59_950) return `${digits(ms / 1000)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

function digits(value: number): string {
  return value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0);
}

/** A time of day, as clocks here show it. */
export function moment(ms: number): string {
  const date = new Date(ms);
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** Bytes of memory. */
export function mebibytes(bytes: number | null): string {
  return bytes === null ? "" : `${(bytes / 2 ** 20).toFixed(1)} MB`;
}

/** A whole number with commas. `toLocaleString` loads its tables first, for 15 ms. */
export function count(value: number | null): string {
  return value === null ? "" : String(value).replaceAll(/\B(?=(?:\d{3})+$)/g, ",");
}

/** Bytes of a file or a folder. */
export function size(bytes: number): string {
  if (bytes < 2 ** 10) return `${bytes} bytes`;
  if (bytes < 2 ** 20) return `${(bytes / 2 ** 10).toFixed(1)} KB`;
  if (bytes < 2 ** 30) return `${(bytes / 2 ** 20).toFixed(1)} MB`;
  return `${(bytes / 2 ** 30).toFixed(1)} GB`;
}
