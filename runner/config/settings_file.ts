/** Files of settings, in TOML: they may come from anyone, and how long they are read has a ceiling. */
import { CapsuleError } from "../../errors/error.ts";
import { Invalid } from "../../errors/invalid.ts";
import { isRecord } from "../../errors/record.ts";

/** Takes a value, or throws {@link Invalid}. */
export type Setter<Settings> = (settings: Settings, value: unknown) => void;

/** What takes the values of a table: each key has a setter, or one function takes any key. */
export type Table<Settings> =
  | Record<string, Setter<Settings>>
  | ((settings: Settings, key: string, value: unknown) => Promise<void>);

/** A file of settings. */
export interface SettingsFile<Settings> {
  /** As messages call it: `capsule.toml`. */
  name: string;
  /** The tables that it may have. */
  tables: Record<string, Table<Settings>>;
  /** Tables that had another name, by that. */
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
  for (const [name, values] of Object.entries(document)) {
    const refuse = (problem: string, key?: string, hint?: string) => {
      const line = lineOf(source, name, key);
      const path = key === undefined ? name : `${name}.${key}`;
      return new CapsuleError(
        "invalid_config",
        `${file.name}:${line}: ${clipped(path)}: ${problem}`,
        { hint },
      );
    };
    const table = own(file.tables, name);
    if (table === undefined) {
      const now = own(file.renamed ?? {}, name);
      const problem = `unknown table; there are: ${Object.keys(file.tables).join(", ")}`;
      throw refuse(problem, undefined, now && `[${name}] is now called [${now}]`);
    }
    if (!isRecord(values)) {
      throw refuse(`it is not a table: write [${name}]`);
    }
    for (const [key, value] of Object.entries(values)) {
      try {
        checkLength(value);
        if (typeof table === "function") {
          await table(settings, key, value);
          continue;
        }
        const set = own(table, key);
        if (set === undefined) {
          throw refuse(`unknown key; there are: ${Object.keys(table).join(", ")}`, key);
        }
        set(settings, value);
      } catch (error) {
        if (!(error instanceof Invalid)) throw error;
        // A table may hold what is nobody's to read.
        const what = isRecord(value) ? "it" : shown(value);
        throw refuse(`${what} ${error.message}`, key);
      }
    }
  }
}

function own<Value>(values: Record<string, Value>, name: string): Value | undefined {
  return Object.hasOwn(values, name) ? values[name] : undefined;
}

/** Deeper than anything that has a meaning here. */
const DEPTH_AT_MOST = 32;

async function parse(source: string, file: string): Promise<Record<string, unknown>> {
  // Loaded only where there is a file: it costs some milliseconds.
  const { parse, TomlError } = await import("smol-toml");
  try {
    return parse(source, { maxDepth: DEPTH_AT_MOST });
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const problem = error.message.split("\n")[0]!.replace("Invalid TOML document: ", "");
    throw new CapsuleError(
      "invalid_config",
      `${file}:${error.line}:${error.column}: ${clipped(problem)}`,
      { cause: error },
    );
  }
}

/** Where a table begins, or one of its keys stands. The parser does not tell. */
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

/** Longer than any text that has a meaning here: whoever parses it need not fear how long that takes. */
const CHARACTERS_AT_MOST = 4096;

function checkLength(value: unknown): void {
  const texts = isRecord(value) ? Object.values(value).flat() : [value].flat();
  if (texts.every((text) => typeof text !== "string" || text.length <= CHARACTERS_AT_MOST)) return;
  throw new Invalid(`is longer than ${CHARACTERS_AT_MOST} characters`);
}

/** A value as a message shows it. */
export function shown(value: unknown): string {
  const text = JSON.stringify(
    value,
    (_, value) => typeof value === "bigint" ? String(value) : value,
  ) ?? String(value);
  return clipped(text);
}

/** Of a name or a value, what a message has room for. */
function clipped(text: string): string {
  return text.length <= 200 ? text : `${text.slice(0, 200).toWellFormed()}…`;
}
