/** Settings files in TOML. Anyone may have written them: size and depth are limited. */
import { clipped } from "../../errors/clipped.ts";
import { CapsuleError } from "../../errors/error.ts";
import { Invalid, invalid, unknownKey } from "../../errors/invalid.ts";
import { isRecord } from "../../errors/record.ts";

/** Takes a value, or throws {@link Invalid}. */
export type Setter<Settings> = (settings: Settings, value: unknown) => void;

/** The keys of a table: each has a setter, or one function takes any key. */
export type Table<Settings> =
  | Record<string, Setter<Settings>>
  | ((settings: Settings, key: string, value: unknown) => Promise<void>);

/** A settings file. */
export interface SettingsFile<Settings> {
  /** Its name in messages: `capsule.toml`. */
  name: string;
  /** The tables that it may have. */
  tables: Record<string, Table<Settings>>;
  /** The new names of tables, by their old ones. */
  renamed?: Record<string, string>;
}

/**
 * Reads the text of a file into settings.
 *
 * @throws {CapsuleError} `invalid_config`, naming the file, line and key.
 */
export async function readInto<Settings>(
  settings: Settings,
  source: string,
  file: SettingsFile<Settings>,
): Promise<void> {
  const document = await parse(source, file.name);
  for (const [table, values] of Object.entries(document)) {
    const place = { source, file: file.name, table };
    const setters = own(file.tables, table);
    if (setters === undefined) throw wrongAt(place, unknownTable(table, file));
    if (!isRecord(values)) throw wrongAt(place, new Invalid({ expected: `a table: [${table}]` }));
    for (const [key, value] of Object.entries(values)) {
      try {
        checkLength(value);
        if (typeof setters === "function") {
          await setters(settings, key, value);
          continue;
        }
        const set = own(setters, key);
        if (set === undefined) throw unknownKey(key, Object.keys(setters));
        set(settings, value);
      } catch (error) {
        throw error instanceof Invalid ? wrongAt({ ...place, key }, error) : error;
      }
    }
  }
}

interface Place {
  source: string;
  file: string;
  table: string;
  key?: string;
}

function wrongAt({ source, file, table, key }: Place, error: Invalid): CapsuleError {
  const option = clipped(key === undefined ? table : `${table}.${key}`);
  const line = lineOf(source, table, key);
  return invalid({ code: "invalid_config", file, line, option }, error);
}

function unknownTable<T>(table: string, { tables, renamed = {} }: SettingsFile<T>): Invalid {
  const now = own(renamed, table);
  const { wrong } = unknownKey(table, Object.keys(tables), "table");
  return new Invalid({ ...wrong, hint: now ? `[${table}] is now called [${now}]` : wrong.hint });
}

function own<Value>(values: Record<string, Value>, name: string): Value | undefined {
  return Object.hasOwn(values, name) ? values[name] : undefined;
}

/** Deeper than any valid file. */
const DEPTH_AT_MOST = 32;

async function parse(source: string, file: string): Promise<Record<string, unknown>> {
  // Loaded only if there is a file: loading takes some milliseconds.
  const { parse, TomlError } = await import("smol-toml");
  try {
    return parse(source, { maxDepth: DEPTH_AT_MOST });
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const problem = error.message.split("\n")[0]!.replace("Invalid TOML document: ", "");
    throw new CapsuleError("invalid_config", clipped(problem), {
      ...{ file, line: error.line, column: error.column, cause: error },
    });
  }
}

/** The line of a table, or of one of its keys. The parser does not tell it. */
export function lineOf(source: string, table: string, key?: string): number {
  let current = "";
  let found = 1;
  for (const [index, line] of source.split("\n").entries()) {
    const header = line.match(/^\s*\[\s*["']?([\w-]+)["']?/);
    if (header) current = header[1]!;
    const [, name] = line.match(/^\s*["']?([\w-]+)["']?\s*[.=]/) ?? [];
    const dotted = line.match(/^\s*["']?([\w-]+)["']?\s*\.\s*["']?([\w-]+)/);
    const isTable = (header && current === table) || (current === "" && name === table);
    if (isTable && found === 1) found = index + 1;
    if (key === undefined) continue;
    const isKey = current === table && name === key;
    if (isKey || (dotted?.[1] === table && dotted[2] === key)) return index + 1;
  }
  return found;
}

/** Longer than any valid value. It bounds how long parsing one takes. */
const CHARACTERS_AT_MOST = 4096;

function checkLength(value: unknown): void {
  const texts = isRecord(value) ? Object.values(value).flat() : [value].flat();
  if (texts.every((text) => typeof text !== "string" || text.length <= CHARACTERS_AT_MOST)) return;
  throw new Invalid({ problem: `is longer than ${CHARACTERS_AT_MOST} characters` });
}
