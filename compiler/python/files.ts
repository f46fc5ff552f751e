import { CapsuleError } from "../../errors/error.ts";
import { readHostFile } from "../../ffi/host_file.ts";
import type { ProgramFile } from "../../ffi/native.ts";
import { platform } from "../../platform/mod.ts";
import { isInside, join, relative } from "../../platform/path.ts";
import { isHiddenIn } from "../hidden_names.ts";
import { type Compiled, shownPath, type Source } from "../program.ts";
import { Turn } from "../turn.ts";
import { importsIn, type PythonImport } from "./imports.ts";

/** More than any program has. */
const MODULES_AT_MOST = 20_000;
const MODULE_BYTES_AT_MOST = 16 << 20;
const ALL_BYTES_AT_MOST = 256 << 20;
/** Names in all folders that are listed. Links make one folder many. */
const NAMES_AT_MOST = 500_000;
/** A folder counts for as many at least. */
const NAMES_OF_FOLDER = 10;
/** No file system has longer names. */
const NAME_LENGTH_AT_MOST = 255;

/**
 * Collects a Python program: its file, and the modules beside it that it can reach. Whether what they
 * import exists, and whether they parse, the engine says when it loads them.
 *
 * @throws {CapsuleError} `compile_failed`, for a module that is no regular file, is too large, or of a confined program
 * lies outside of its folder.
 */
export async function collectPython(source: Source): Promise<Compiled> {
  const fromCode = "code" in source;
  const { folder, name } = source;
  const inside = source.isConfined ? folder : undefined;
  const main = fromCode ? encoder.encode(source.code) : readMain(source.file, inside);
  const collector = new Collector({ root: source.root, folder, inside });
  // Text whose author is not trusted imports packages only.
  if (!fromCode || !source.isConfined) await collector.collect(main, name);
  return {
    program: {
      language: "python",
      name,
      files: [{ path: name, data: main }, ...collector.files],
    },
    inputs: fromCode ? [...collector.inputs] : [source.file, ...collector.inputs],
  };
}

/** A name that may be imported: a module, a package, or a folder that is a namespace. */
interface Module {
  /** The folder of what it holds, if it is a package. */
  path: string;
  /** The package that it lies in. */
  parent: Module | undefined;
  /** What was looked for in it. */
  members: Map<string, Module>;
  /** What lies in its folder: nothing, if there is none. */
  names: Set<string> | undefined;
}

/** An import statement, and where it stands. */
interface Place {
  statement: PythonImport;
  shown: string;
}

/** A module whose imports are to be followed. */
interface Found {
  data: Uint8Array;
  shown: string;
  /** Where its relative imports begin. */
  packaged: Module;
}

/** Walks from import to import. Only what lies beside the program is taken. */
class Collector {
  readonly files: ProgramFile[] = [];
  /** Files, and the folders in which they were looked for: a new one would change the program. */
  readonly inputs = new Set<string>();
  readonly #root: string;
  readonly #inside: string | undefined;
  readonly #top: Module;
  #found: Found[] = [];
  #bytes = 0;
  #names = 0;

  /** @param options `inside` is the folder that all has to lie in, whatever links say. */
  constructor(options: { root: string; folder: string; inside: string | undefined }) {
    this.#root = options.root;
    this.#inside = options.inside && platform.realPath(options.inside);
    this.#top = { path: options.folder, parent: undefined, members: new Map(), names: undefined };
  }

  /** Takes all that a program reaches. */
  async collect(data: Uint8Array, shown: string): Promise<void> {
    this.#found = [{ data, shown, packaged: this.#top }];
    const turn = new Turn();
    // No recursion: modules may import each other in a long chain.
    for (let found; (found = this.#found.pop());) {
      for (const _ of this.#follow(found)) {
        if (turn.isOver) await turn.next();
      }
    }
  }

  /** Takes what a module imports. Stops behind each statement, and within long ones. */
  *#follow({ data, shown, packaged }: Found): Generator<void> {
    let text: string;
    try {
      text = decoder.decode(data);
    } catch (cause) {
      throw new CapsuleError("invalid_program", `${shown}:1:1: the file is not UTF-8`, { cause });
    }
    for (const statement of importsIn(text)) {
      yield;
      if (statement === undefined) continue;
      const place = { statement, shown };
      const base = this.#baseOf(packaged, place);
      // `from package import name`: the name may be a module.
      if (base !== undefined) {
        for (const name of statement.names) this.#member(base, name, place);
      }
    }
  }

  /** The module that a statement names, if something may lie in it. */
  #baseOf(packaged: Module, place: Place): Module | undefined {
    const { level, module } = place.statement;
    let base: Module | undefined = level === 0 ? this.#top : packaged;
    // A relative import beyond the top fails when the program is loaded.
    for (let left = level - 1; left > 0 && base; left--) base = base.parent;
    for (let start = 0; base && start < module.length;) {
      const dot = module.indexOf(".", start);
      const end = dot === -1 ? module.length : dot;
      base = this.#member(base, module.slice(start, end), place);
      start = end + 1;
    }
    return base;
  }

  /** A member of a package, which is taken when it is first met. Undefined where there is no such folder. */
  #member(parent: Module, name: string, place: Place): Module | undefined {
    const known = parent.members.get(name);
    if (known !== undefined) return known;
    if (name.length > NAME_LENGTH_AT_MOST || name.includes("\0")) return undefined;
    const names = this.#namesIn(parent, place);
    const isFolder = names.has(name);
    if (!isFolder && !names.has(`${name}.py`)) return undefined;
    const path = join(parent.path, name);
    const module: Module = { path, parent, members: new Map(), names: undefined };
    parent.members.set(name, module);
    const isPackage = isFolder && this.#namesIn(module, place).has("__init__.py") &&
      this.#take(join(path, "__init__.py"), module, place);
    if (!isPackage && names.has(`${name}.py`)) this.#take(`${path}.py`, parent, place);
    return module;
  }

  /** What lies in a folder. Folders are listed: to ask for each file costs ten times that. */
  #namesIn(module: Module, place: Place): Set<string> {
    if (module.names !== undefined) return module.names;
    let names: string[] = [];
    let isOutside = false;
    try {
      if (platform.stat(module.path)?.isFolder) {
        isOutside = this.#inside !== undefined &&
          !isInside(this.#inside, platform.realPath(module.path));
        if (!isOutside) names = platform.readFolder(module.path) ?? [];
        // Also an empty one: a file in it would change the program.
        this.inputs.add(module.path);
      }
    } catch (error) {
      throw this.#unreadable(module.path, place, error);
    }
    if (isOutside) {
      throw this.#refusal(module.path, place, "its folder leads out of the program's");
    }
    this.#names += Math.max(names.length, NAMES_OF_FOLDER);
    if (this.#names > NAMES_AT_MOST) {
      const problem =
        `the folders that the program imports from hold more than ${NAMES_AT_MOST} names`;
      throw this.#refusal(module.path, place, problem);
    }
    return module.names = new Set(names);
  }

  /** Takes a file, if it is there and no folder. */
  #take(path: string, packaged: Module, place: Place): boolean {
    let data: Uint8Array | undefined;
    try {
      const stat = platform.stat(path);
      if (stat === undefined || stat.isFolder) return false;
      const inside = this.#inside;
      // As for what tasks are granted: of a link to it, nothing is told.
      if (inside !== undefined && isHiddenIn(inside, platform.realPath(path))) return false;
      data = readModule(path, inside);
    } catch (error) {
      throw this.#unreadable(path, place, error);
    }
    if (data === undefined) return false;
    this.#bytes += data.length;
    if (this.files.length >= MODULES_AT_MOST || this.#bytes > ALL_BYTES_AT_MOST) {
      const most = `${MODULES_AT_MOST} modules of ${ALL_BYTES_AT_MOST >> 20} MB in all`;
      throw this.#refusal(path, place, `the program has more than ${most}`);
    }
    this.inputs.add(path);
    this.files.push({ path: relative(this.#top.path, path), data });
    this.#found.push({ data, shown: shownPath(this.#root, path), packaged });
    return true;
  }

  /** Links that lead back to themselves, or a folder that nobody may look into, are the program's own. */
  #unreadable(path: string, place: Place, error: unknown): unknown {
    return platform.isSystemError(error)
      ? this.#refusal(path, place, (error as Error).message)
      : error;
  }

  #refusal(path: string, { statement, shown }: Place, problem: string): CapsuleError {
    const { line, column } = statement;
    const module = relative(this.#top.path, path);
    const place = `${shown}:${line}:${column}`;
    return new CapsuleError("invalid_program", `${place}: Cannot import "${module}": ${problem}`);
  }
}

function readMain(file: string, inside: string | undefined): Uint8Array {
  const data = readModule(file, inside);
  if (data !== undefined) return data;
  throw new CapsuleError("file_not_found", `Cannot read "${file}": there is no such file`);
}

function readModule(path: string, inside: string | undefined): Uint8Array | undefined {
  return readHostFile(path, { maxBytes: MODULE_BYTES_AT_MOST, inside, code: "invalid_program" });
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });
