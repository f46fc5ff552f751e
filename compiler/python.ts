import { CapsuleError } from "../errors.ts";
import type { ProgramFile } from "../ffi/native.ts";
import { platform } from "../platform/mod.ts";
import { basename, dirname, join, relative } from "../platform/path.ts";
import { type Compiled, shownPath, type Source } from "./program.ts";
import { importsOf } from "./python_imports.ts";

/** What a program that is no file is called. */
const CODE_NAME = "code.py";

/**
 * Collects a Python program: its file, and the modules beside it that it can reach. Whether what they
 * import exists, and whether they parse, the engine says when it loads them.
 */
export function collectPython(source: Source): Compiled {
  const fromCode = "code" in source;
  const folder = fromCode ? source.root : dirname(source.file);
  const name = fromCode ? CODE_NAME : shownPath(source.root, source.file);
  const main = fromCode ? encoder.encode(source.code) : read(source.file);
  const collector = new Collector(source.root, folder);
  // Text whose author is not trusted imports packages only.
  if (!fromCode || !source.isConfined) collector.follow(main, name, "");
  return {
    program: {
      language: "python",
      name,
      files: [{ path: name, data: main }, ...collector.files],
    },
    inputs: fromCode ? [...collector.inputs] : [source.file, ...collector.inputs],
  };
}

/** Walks from import to import. Only what lies beside the program is taken. */
class Collector {
  readonly files: ProgramFile[] = [];
  /** Files, and the folders in which they were looked for: a new one would change the program. */
  readonly inputs = new Set<string>();
  readonly #seen = new Set<string>();
  /** What lies in the folders that were looked into. */
  readonly #folders = new Map<string, Set<string>>();
  readonly #root: string;
  readonly #folder: string;

  constructor(root: string, folder: string) {
    this.#root = root;
    this.#folder = folder;
  }

  /** Takes what a module imports. `parent` is the package that the module lies in, with dots. */
  follow(source: Uint8Array, shown: string, parent: string): void {
    let text: string;
    try {
      text = decoder.decode(source);
    } catch (cause) {
      throw new CapsuleError("compile_failed", `${shown}:1:1: the file is not UTF-8`, { cause });
    }
    for (const { level, module, names } of importsOf(text)) {
      const base = level === 0 ? module : absoluteName(parent, level, module);
      if (base === undefined) continue;
      this.#take(base);
      // `from package import name`: the name may be a module.
      for (const name of names) this.#take(base === "" ? name : `${base}.${name}`);
    }
  }

  /** Takes a module by its full name, and the packages above it. */
  #take(module: string): void {
    const parts = module.split(".").filter(Boolean);
    for (let length = 1; length <= parts.length; length++) {
      const prefix = parts.slice(0, length).join(".");
      if (this.#seen.has(prefix)) continue;
      this.#seen.add(prefix);
      const path = join(this.#folder, ...parts.slice(0, length));
      this.#takeFile(join(path, "__init__.py"), prefix) || this.#takeFile(`${path}.py`, prefix);
    }
  }

  /** Whether there is a file. Folders are listed: to ask for each file costs ten times that. */
  #isThere(path: string): boolean {
    const folder = dirname(path);
    let names = this.#folders.get(folder);
    if (names === undefined) {
      const isIn = folder === this.#folder || this.#isThere(folder);
      names = new Set(isIn ? platform.readFolder(folder) : []);
      this.#folders.set(folder, names);
      if (names.size > 0) this.inputs.add(folder);
    }
    return names.has(basename(path));
  }

  #takeFile(path: string, module: string): boolean {
    const isFile = this.#isThere(path) && platform.stat(path)?.isFile;
    const data = isFile ? platform.readFile(path) : undefined;
    if (data === undefined) return false;
    this.inputs.add(path);
    this.files.push({ path: relative(this.#folder, path), data });
    const isPackage = path.endsWith("/__init__.py");
    const parent = isPackage ? module : module.split(".").slice(0, -1).join(".");
    this.follow(data, shownPath(this.#root, path), parent);
    return true;
  }
}

/** `from ..a import b`, seen from a package: what `..a` is in full. */
function absoluteName(parent: string, level: number, module: string): string | undefined {
  const parts = parent === "" ? [] : parent.split(".");
  // A relative import beyond the top fails when the program is loaded.
  if (level - 1 > parts.length) return undefined;
  return [...parts.slice(0, parts.length - (level - 1)), module].filter(Boolean).join(".");
}

function read(file: string): Uint8Array {
  return platform.readFile(file)!;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });
