/** Rows and columns in a frame, as Node's `console.table` draws them. */
import { getStringWidth } from "./mod.ts";
import { preview } from "./hidden.ts";
import { isMap, isMapIterator, isSet, isSetIterator } from "./kinds.ts";

const INDEX = "(index)";
const ITERATION = "(iteration index)";
const KEY = "Key";
const VALUES = "Values";

/** Columns by their names. A cell that a column lacks is empty. */
type Columns = [name: string, cells: string[]][];

/** The table of what an array, an object, a map or a set holds; `properties` are the columns if they are given. */
export function tableText(
  data: object,
  { properties, inspect }: {
    properties: string[] | undefined;
    inspect: (value: unknown) => string;
  },
): string {
  const indexes = (length: number) => Array.from({ length }, (_, index) => inspect(index));
  if (isMapIterator(data) || isSetIterator(data)) {
    const [values, isKeyValue] = preview(data);
    return tableText(isKeyValue ? new Map(pairsOf(values)) : new Set(values), {
      properties,
      inspect,
    });
  }
  if (isMap(data)) {
    const entries = [...data as Map<unknown, unknown>];
    return draw([
      [ITERATION, indexes(entries.length)],
      [KEY, entries.map(([key]) => inspect(key))],
      [VALUES, entries.map(([, value]) => inspect(value))],
    ]);
  }
  if (isSet(data)) {
    const values = [...data as Set<unknown>];
    return draw([[ITERATION, indexes(values.length)], [VALUES, values.map(inspect)]]);
  }
  return draw(columnsOf(data as Record<string, unknown>, properties, inspect));
}

function pairsOf(values: unknown[]): [unknown, unknown][] {
  return Array.from({ length: values.length / 2 }, (_, at) => [values[2 * at], values[2 * at + 1]]);
}

function columnsOf(
  data: Record<string, unknown>,
  properties: string[] | undefined,
  inspect: (value: unknown) => string,
): Columns {
  const rows = Object.keys(data);
  const columns: Record<string, string[]> = Object.create(null);
  const values: string[] = [];
  for (const [row, name] of rows.entries()) {
    const item = data[name] as Record<string, unknown> | null;
    const isPrimitive = item === null || typeof item !== "object" && typeof item !== "function";
    if (isPrimitive && properties === undefined) {
      values[row] = inspect(item);
      continue;
    }
    for (const key of properties ?? Object.keys(item!)) {
      columns[key] ??= [];
      columns[key][row] = isPrimitive || !Object.hasOwn(item, key) ? "" : inspect(item[key]);
    }
  }
  const all: Columns = [[INDEX, rows], ...Object.entries(columns)];
  if (values.length > 0) all.push([VALUES, values]);
  return all;
}

function draw(columns: Columns): string {
  const length = columns.reduce((most, [, cells]) => Math.max(most, cells.length), 0);
  const widths = columns.map(([name, cells]) =>
    cells.reduce((widest, cell) => Math.max(widest, getStringWidth(cell)), getStringWidth(name))
  );
  const row = (cells: string[]) =>
    `│ ${
      cells.map((cell, at) => cell + " ".repeat(widths[at]! - getStringWidth(cell))).join(" │ ")
    } │`;
  const line = (left: string, middle: string, right: string) =>
    left + widths.map((width) => "─".repeat(width + 2)).join(middle) + right;
  return [
    line("┌", "┬", "┐"),
    row(columns.map(([name]) => name)),
    line("├", "┼", "┤"),
    ...Array.from({ length }, (_, at) => row(columns.map(([, cells]) => cells[at] ?? ""))),
    line("└", "┴", "┘"),
  ].join("\n");
}
