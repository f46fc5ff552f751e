import { CapsuleError } from "../errors/error.ts";
import type { Language, NativeComponent, ProgramFile } from "../ffi/native.ts";
import { basename, dirname, extname, isInside, relative, resolve } from "../platform/path.ts";

/** A program that an engine can load. */
export interface Program {
  language: Language;
  /** What messages call it: its path from the project root. */
  name: string;
  /** The first is the program itself. */
  files: ProgramFile[];
  sourceMap?: Uint8Array;
  /** It comes as a component: there are no files then. */
  component?: ProgramComponent;
  /** A digest of all of this, in hexadecimal, if the program is kept. */
  key?: string;
}

/** The file of a program that comes as a component. */
export interface ProgramComponent extends NativeComponent {
  /** What it says of its tasks, as JSON. */
  declarations: string;
}

/** A program, and what it was made of. */
export interface Compiled {
  program: Program;
  /** Absolute paths of all files that were read or looked for: the program changes only if one does. */
  inputs: string[];
}

/** A program before it is compiled: where it is, and what follows from that. Made once, by {@link fileSource} or {@link codeSource}. */
export type Source = FileSource | CodeSource;

export interface SourceSettings {
  /** The project root, absolute: the names of files start from there. */
  root: string;
  /**
   * Its author is not trusted: it imports packages, and as a file what lies in the project. As text, it
   * imports no file.
   */
  isConfined?: boolean;
  /**
   * Which packages it may import: those of the host's own process, those of a folder (absolute), or none. By default those of
   * its project; for confined text `"host"`; for a confined file those that really lie in the file's own folder.
   */
  packages?: "host" | string | false | undefined;
}

interface AnySource extends SourceSettings {
  language: Language;
  /** What messages and stack traces call it: for a file, its path from the root. */
  name: string;
  /** Where its imports are looked for first, absolute. */
  folder: string;
}

export interface FileSource extends AnySource {
  /** Absolute. */
  file: string;
}

export interface CodeSource extends AnySource {
  code: string;
}

/**
 * A program in a file.
 *
 * @param file Absolute.
 * @throws {CapsuleError} `invalid_argument` for an extension that no engine supports.
 */
export function fileSource(file: string, settings: SourceSettings): FileSource {
  const language = languageOf(file);
  return {
    ...settings,
    file,
    language,
    name: shownPath(settings.root, file),
    folder: dirname(file),
  };
}

/** A program as text. */
export function codeSource(code: string, language: Language, settings: SourceSettings): CodeSource {
  return { ...settings, code, language, name: CODE_NAMES[language], folder: settings.root };
}

/** What text is called. */
const CODE_NAMES: Record<Language, string> = { javascript: "code.ts", python: "code.py" };

/** The hint for a program that imports a package although `packages` is false. */
export const WITHOUT_PACKAGES =
  "this program is run without packages: packages is false, or --packages none";

const LANGUAGES: Record<string, Language> = {
  ".ts": "javascript",
  ".tsx": "javascript",
  ".mts": "javascript",
  ".js": "javascript",
  ".mjs": "javascript",
  ".py": "python",
};

/** The endings of files that programs are written in. */
export const SOURCE_ENDINGS: string[] = Object.keys(LANGUAGES);

/**
 * The language of a file, by its ending.
 *
 * @throws {CapsuleError} `invalid_argument` for an ending that no engine knows.
 */
function languageOf(file: string): Language {
  const language = LANGUAGES[extname(file)];
  if (language === undefined) {
    const known = SOURCE_ENDINGS.join(", ");
    throw new CapsuleError(
      "invalid_argument",
      `Cannot run "${basename(file)}": its ending is none of ${known}`,
    );
  }
  return language;
}

/** How messages and stack traces call a file. */
export function shownPath(root: string, file: string): string {
  const path = resolve(root, file);
  return isInside(root, path) ? relative(root, path) : path;
}
