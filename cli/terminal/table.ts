/** Formats tables, durations, dates and sizes. */
import { lineWidth, styled } from "./style.ts";
import { visibleLine } from "./visible.ts";

/**
 * An aligned table. A column whose title ends with `>` is aligned to the right. Control characters in cells are escaped,
 * so each row is one line, and lines are cut to the width of the terminal.
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

/** A duration in milliseconds, seconds or minutes, with at most three digits. Empty for null: not ended. */
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

/** A date and time in the local time zone. */
export function moment(ms: number): string {
  const date = new Date(ms);
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** Memory in MB. Empty for null. */
export function mebibytes(bytes: number | null): string {
  return bytes === null ? "" : `${(bytes / 2 ** 20).toFixed(1)} MB`;
}

/** A whole number with commas. Empty for null. `toLocaleString` takes 15 ms the first time. */
export function count(value: number | null): string {
  return value === null ? "" : String(value).replaceAll(/\B(?=(?:\d{3})+$)/g, ",");
}

/** A file size, in the unit that fits. */
export function size(bytes: number): string {
  if (bytes < 2 ** 10) return `${bytes} bytes`;
  if (bytes < 2 ** 20) return `${(bytes / 2 ** 10).toFixed(1)} KB`;
  if (bytes < 2 ** 30) return `${(bytes / 2 ** 20).toFixed(1)} MB`;
  return `${(bytes / 2 ** 30).toFixed(1)} GB`;
}
