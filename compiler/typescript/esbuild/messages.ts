/** What is wrong with a program, as a person is told. */
import { CapsuleError } from "../../../errors/error.ts";
import { formatMessages, type Location, type Message } from "./service.ts";
import { isEntry, type Missing, type ProgramModules } from "../modules.ts";
import { clipped } from "../../../errors/clipped.ts";
import type { Specifiers } from "../resolve/specifiers.ts";

/** So many are told. */
const MESSAGES_AT_MOST = 20;
/** Of each: it may quote a text of the program. */
const CHARACTERS_AT_MOST = 1000;
/** Longer than the path of a file with what stands behind it. */
const NAME_AT_MOST = 8192;
/** Of question and number signs, behind which a path may end. */
const ENDS_AT_MOST = 20;

/** The names that modules have for esbuild, and those that a person knows. */
export class NamesShown {
  readonly #modules: ProgramModules;
  readonly #entry: string | undefined;
  readonly #shown: (path: string) => string;

  /** Those of a build. The entry has a name if it is the program's own text. */
  constructor(
    modules: ProgramModules,
    { entry, shown }: { entry: string | undefined; shown: (path: string) => string },
  ) {
    this.#modules = modules;
    this.#entry = entry;
    this.#shown = shown;
  }

  /** In what esbuild says: it quotes names. */
  inText(text: string): string {
    return clipped(text, CHARACTERS_AT_MOST).split('"').map((part) => this.of(part) ?? part).join(
      '"',
    );
  }

  /** Of a module, as esbuild writes it. Undefined for what is no file. */
  of(name: string): string | undefined {
    if (isEntry(name)) return this.#entry;
    const known = this.#modules.files.get(name);
    if (known !== undefined) return this.#shown(known.path);
    // With what stood behind the path in the import.
    if (name.length > NAME_AT_MOST) return undefined;
    let left = ENDS_AT_MOST;
    for (let end = name.length; left > 0 && (end = lastSuffix(name, end)) > 0; left--) {
      const file = this.#modules.files.get(name.slice(0, end));
      if (file !== undefined) return this.#shown(file.path);
    }
    return undefined;
  }
}

function lastSuffix(name: string, before: number): number {
  return Math.max(name.lastIndexOf("?", before - 1), name.lastIndexOf("#", before - 1));
}

export interface Told {
  modules: ProgramModules;
  names: NamesShown;
  specifiers: Specifiers;
}

/** An error that tells what esbuild, and whoever handed it the modules, found wrong. */
export async function compileFailed(
  errors: Message[],
  { modules, names, specifiers }: Told,
): Promise<CapsuleError> {
  const place = (location: Location | undefined) =>
    location &&
    { ...location, file: names.of(location.file) ?? location.file };
  const missing = new Map(
    [...modules.missing.values()].map((one) => [textFor(one.specifier), one]),
  );
  let first: Missing | undefined;
  const told = errors.slice(0, MESSAGES_AT_MOST).map((message): Message => {
    const one = missing.get(message.text);
    first ??= one;
    return {
      ...message,
      text: one?.renamed === undefined
        ? names.inText(message.text)
        : `Could not resolve ${JSON.stringify(clipped(one.renamed))} (originally ${
          JSON.stringify(clipped(one.specifier))
        })`,
      location: place(message.location),
      // Advice for whoever calls esbuild helps nobody here.
      notes: one === undefined
        ? message.notes.slice(0, MESSAGES_AT_MOST).map(({ text, location }) => ({
          text: names.inText(text),
          location: place(location),
        }))
        : [],
    };
  });
  const own = told.filter(({ isOurs }) => isOurs).map(ownMessage);
  const others = told.filter(({ isOurs }) => !isOurs);
  const formatted = others.length === 0 ? [] : await formatMessages(others);
  const more = errors.length - told.length;
  const texts = [...own, ...formatted.map((text) => text.trim().replace(MARKER, ""))];
  if (more > 0) texts.push(`and ${more} more`);
  const hint = modules.hint ??
    (first && await specifiers.hintFor(first.renamed ?? first.specifier));
  return new CapsuleError("invalid_program", texts.join("\n\n"), { hint });
}

/** What esbuild begins with, and Capsule begins otherwise. */
const MARKER = /^✘ \[ERROR\] /;

/** What esbuild says of an import that nothing was found for. */
function textFor(specifier: string): string {
  return `Could not resolve ${JSON.stringify(specifier)}`;
}

/** It is told where it is without the line itself. */
function ownMessage({ text, location }: Message): string {
  if (location === undefined) return text;
  const { file, line, column, lineText } = location;
  // What is imported begins behind the quote.
  const isQuoted = /["'`]/.test(lineText[column] ?? "");
  return `${file}:${line}:${column + (isQuoted ? 2 : 1)}: ${text}`;
}
