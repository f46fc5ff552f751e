import { CapsuleError } from "../../errors/error.ts";
import { similar } from "../../errors/similar.ts";

/** What shell completions offer for a value. */
export type Completes = "files" | "folders" | { endings: string[] } | { words: string[] };

/** An option of a command. */
export interface OptionSpec {
  /** The placeholder of its value in help, such as `JSON`. An option without one is a flag. */
  value?: string;
  short?: string;
  help: string;
  /** May be given more than once. */
  repeated?: boolean;
  /** Completions of its value. */
  completes?: Completes;
}

/** A command: its options, and how its help describes it. */
export interface CommandSpec {
  name: string;
  /** The arguments, as the usage line shows them. */
  usage: string;
  /** One line, for the list of commands. */
  summary: string;
  /** The rest of its help. */
  details: string;
  options: Record<string, OptionSpec>;
  /** The most arguments it takes; without it, any number, which are passed to a program. */
  argumentsAtMost?: number;
  /** Completions of the first argument, and of those after it. */
  completes?: { first: Completes; others?: Completes };
}

/** A command line, parsed. */
export interface Arguments {
  positional: string[];
  /** The arguments after `--`. */
  rest: string[];
  flags: Set<string>;
  values: Map<string, string[]>;
}

/** Options that every command has. */
export const COMMON_OPTIONS: Record<string, OptionSpec> = {
  help: { short: "h", help: "Show this help" },
};

/**
 * Parses the arguments of a command. Options can appear anywhere before `--`.
 *
 * @throws {CapsuleError} `invalid_argument` for an unknown option, or one without its value.
 */
export function parseArguments(args: string[], command: CommandSpec): Arguments {
  const specs = { ...command.options, ...COMMON_OPTIONS };
  const parsed: Arguments = { positional: [], rest: [], flags: new Set(), values: new Map() };
  const { name: own, argumentsAtMost } = command;
  const programs = argumentsAtMost === undefined ? "; put the program's options after --" : "";
  const refuse = (problem: string) =>
    new CapsuleError("invalid_argument", problem, {
      hint: `see capsule ${own} --help${programs}`,
    });
  for (let index = 0; index < args.length; index++) {
    const argument = args[index]!;
    if (argument === "--") {
      parsed.rest = args.slice(index + 1);
      break;
    }
    if (!argument.startsWith("-") || argument === "-") {
      parsed.positional.push(argument);
      continue;
    }
    const [given, ...inline] = argument.split("=");
    const name = longName(given!, specs);
    const spec = name === undefined ? undefined : specs[name];
    if (name === undefined || spec === undefined) {
      const meant = similar(given!.replace(/^-+/, ""), Object.keys(specs));
      throw refuse(
        `unknown option ${JSON.stringify(given)}${meant ? `; did you mean --${meant}?` : ""}`,
      );
    }
    if (spec.value === undefined) {
      if (inline.length > 0) throw refuse(`--${name} takes no value`);
      parsed.flags.add(name);
      continue;
    }
    const value = inline.length > 0 ? inline.join("=") : args[++index];
    if (value === undefined) throw refuse(`--${name} needs a value: --${name} ${spec.value}`);
    const values = parsed.values.get(name) ?? [];
    if (values.length > 0 && !spec.repeated) throw refuse(`--${name} is given twice`);
    parsed.values.set(name, [...values, value]);
  }
  const extra = [...parsed.positional, ...parsed.rest][argumentsAtMost ?? Infinity];
  if (extra !== undefined) throw refuse(`unexpected argument ${JSON.stringify(extra)}`);
  return parsed;
}

function longName(given: string, specs: Record<string, OptionSpec>): string | undefined {
  if (given.startsWith("--")) {
    const name = given.slice(2);
    return Object.hasOwn(specs, name) ? name : undefined;
  }
  return Object.keys(specs).find((name) => `-${specs[name]!.short}` === given);
}

/** The help of a command. */
export function helpOf(command: CommandSpec): string {
  return [
    `${command.summary}.`,
    "",
    `Usage: capsule ${command.name} ${command.usage}`.trimEnd(),
    "",
    command.details.trim().split("\n\n").map(refilled).join("\n\n"),
    "",
    "Options:",
    ...optionLines({ ...command.options, ...COMMON_OPTIONS }),
    "",
  ].join("\n");
}

/** Options in two columns that line up. */
export function optionLines(options: Record<string, OptionSpec>): string[] {
  const rows = Object.entries(options).map(([name, { short, value, help }]) => {
    const long = `--${name}${value === undefined ? "" : ` ${value}`}`;
    return [short === undefined ? `    ${long}` : `-${short}, ${long}`, help];
  });
  return columns(rows);
}

/** Rows of two cells, the second ones below each other, and none wider than a terminal mostly is. */
export function columns(rows: string[][]): string[] {
  const width = Math.max(...rows.map(([first]) => first!.length));
  return rows.flatMap(([first, second]) => {
    const [start, ...more] = filled(second!, WIDTH - width - 4);
    return [
      `  ${first!.padEnd(width)}  ${start}`,
      ...more.map((line) => `${" ".repeat(width + 4)}${line}`),
    ];
  });
}

/** Columns of a terminal. */
const WIDTH = 80;

/** A paragraph in lines that a terminal can show. Examples, which are indented, stay as they are. */
function refilled(paragraph: string): string {
  return paragraph.replace(
    /^[^ \n].*(?:\n[^ \n].*)*/gm,
    (text) => filled(text.replaceAll("\n", " "), WIDTH).join("\n"),
  );
}

/** Text in lines of a width. A word is never cut. */
function filled(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + 1 + word.length <= width) {
      lines[lines.length - 1] = `${line} ${word}`;
    } else lines.push(word);
  }
  return lines;
}
