/**
 * The files that a program's imports may mean: what lies where, and what is in it. It is the only way in which a bundle
 * comes to the content of a file, and knows all that was looked at.
 */
import { clippedPath } from "../../../errors/clipped.ts";
import { CapsuleError } from "../../../errors/error.ts";
import { platform } from "../../../platform/mod.ts";
import { basename, dirname, isInside, join, normalize } from "../../../platform/path.ts";
import { hiddenBecause, isHiddenIn } from "../../hidden_names.ts";
import {
  readHostFile,
  readHostTextFile,
  SETTINGS_BYTES_AT_MOST,
  SOURCE_BYTES_AT_MOST,
} from "../../../ffi/host_file.ts";

/** What a program may consist of. */
const FILES_AT_MOST = 20_000;
const BYTES_AT_MOST = 128 << 20;
/** Settings in all, package.json of each package for one. */
const SETTINGS_AT_MOST = 20_000;
const SETTINGS_BYTES_IN_ALL = 16 << 20;
/** The system takes no longer one. */
const PATH_AT_MOST = 4096;

/**
 * What the host does itself for one program, beside esbuild: a step is about a character that is compared. A large program
 * takes a tenth of it.
 */
const STEPS_AT_MOST = 100_000_000;
/** What asking the system costs. */
const STEPS_OF_LOOK = 100;
/** So often the time is looked at. */
const STEPS_BETWEEN = 20_000;
/** For so long nothing else of the process gets a turn, and at the very most. */
const TURN_MS = 40;
const TURN_AT_MOST_MS = 1000;

/** Settings of a workspace, which count for the folders in it. */
const SETTINGS_ABOVE = ["deno.json", "deno.jsonc", "tsconfig.json"];

const CODE = "invalid_program";

/** What lies at a path. */
export type Kind = "file" | "folder" | undefined;

/** A path leads out of the folders that a program is given. */
export class Outside extends Error {}

/** What a program is given. Folders are absolute and without links. */
export interface Given {
  /** Modules have to lie in one of these folders. */
  modules: string[];
  /** Settings may lie in this folder, too, and those of a workspace above. */
  settings?: string;
}

/**
 * The folder whose `node_modules` alone holds the packages of a program, absolute; or none. Undefined for those around each
 * module.
 */
export type PackagesIn = string | false | undefined;

export class ModuleFiles {
  /** Absolute, of all files that were read or looked for: the program changes only if one does. */
  readonly inputs: Set<string> = new Set();
  readonly packages: PackagesIn;
  readonly #allowed: string[] | undefined;
  readonly #settingsFolder: string | undefined;
  readonly #kinds = new Map<string, Kind>();
  readonly #realPaths = new Map<string, string>();
  readonly #names = new Map<string, Set<string>>();
  readonly #settings = new Map<string, unknown>();
  readonly #read = new Set<string>();
  #bytes = 0;
  #settingsBytes = 0;
  #steps = 0;
  #stepsChecked = 0;
  #refusal: CapsuleError | undefined;
  #turnMs = performance.now();
  #nextTurn: Promise<void> | undefined;

  /** @param given Undefined for a program that may import any file. */
  constructor(given?: Given, packages?: PackagesIn) {
    this.packages = packages;
    this.#allowed = given?.modules;
    this.#settingsFolder = given?.settings;
  }

  /**
   * Counts work that grows with what a program brings, before or after it is done.
   *
   * @throws {CapsuleError} for a program that takes too much of it.
   */
  spend(steps: number): void {
    // What was too much once is not begun again for the next import.
    if (this.#refusal !== undefined) throw this.#refusal;
    this.#steps += steps;
    if (this.#steps > STEPS_AT_MOST) this.#refuse(`${STEPS_AT_MOST} steps`);
    if (this.#steps < this.#stepsChecked + STEPS_BETWEEN) return;
    this.#stepsChecked = this.#steps;
    if (performance.now() - this.#turnMs > TURN_AT_MOST_MS) {
      this.#refuse(`${TURN_AT_MOST_MS} ms at once`);
    }
  }

  #refuse(most: string): never {
    const problem = `finding what the program imports takes more than ${most}`;
    throw this.#refusal = new CapsuleError(CODE, problem);
  }

  /** Lets the rest of the process go on, if it has waited for long. Each time that work begins again, this goes before. */
  async turn(): Promise<void> {
    while (performance.now() - this.#turnMs > TURN_MS) {
      this.#nextTurn ??= new Promise((resolve) =>
        setTimeout(() => {
          this.#nextTurn = undefined;
          this.#turnMs = performance.now();
          resolve();
        }, 0)
      );
      await this.#nextTurn;
    }
  }

  /** Whether a program is given the path, if no link leads elsewhere. */
  isAllowed(path: string): boolean {
    return this.#allowedIn(path) !== undefined || this.#allowed === undefined;
  }

  #allowedIn(path: string): string | undefined {
    return this.#allowed?.find((folder) => isInside(folder, path));
  }

  /** The folder in which settings have to lie. Undefined if they may lie anywhere. */
  #settingsIn(path: string): string | undefined {
    const folder = this.#allowedIn(path);
    const own = this.#settingsFolder;
    if (folder !== undefined || own === undefined) return folder;
    if (isInside(own, path)) return own;
    const isAbove = SETTINGS_ABOVE.includes(basename(path)) && isInside(dirname(path), own);
    return isAbove ? dirname(path) : undefined;
  }

  /**
   * What lies where a settings file may lie, of which the path is remembered.
   *
   * @throws {CapsuleError} for one that is a link to elsewhere.
   */
  settingsKind(path: string): Kind {
    if (this.#allowed === undefined || this.#allowedIn(path) !== undefined) {
      this.watch(path);
      try {
        return this.kind(path);
      } catch (error) {
        if (!(error instanceof Outside)) throw error;
        throw new CapsuleError(
          CODE,
          `Cannot read "${clippedPath(path)}": it leads out of the program's folder`,
        );
      }
    }
    this.spend(STEPS_OF_LOOK + path.length);
    return this.#settingsIn(path) === undefined ? undefined : kindOf(path);
  }

  /** The folder and those above it, as far as a program is given them. */
  *upwards(folder: string): Generator<string> {
    for (let above = folder;; above = dirname(above)) {
      this.spend(above.length);
      // Packages may be given where the folder that they lie in is not.
      if (this.isAllowed(above) || this.isAllowed(join(above, "node_modules"))) yield above;
      if (above === dirname(above)) return;
    }
  }

  /** The folders in whose `node_modules` a module of a folder finds packages, the nearest first. */
  *packageFolders(folder: string): Generator<string> {
    const own = this.packages;
    if (own === false) return;
    if (own !== undefined && !isInside(join(own, "node_modules"), folder)) return yield own;
    for (const above of this.upwards(folder)) {
      yield above;
      if (above === own) return;
    }
  }

  /**
   * What lies at an absolute path.
   *
   * @throws {Outside} if nobody may know.
   */
  kind(path: string): Kind {
    const known = this.#kinds.get(path);
    if (known !== undefined || this.#kinds.has(path)) return known;
    if (path.length > PATH_AT_MOST) return undefined;
    this.spend(STEPS_OF_LOOK + path.length);
    const found = this.#allowed === undefined ? kindOf(path) : this.#confinedKind(path);
    this.#kinds.set(path, found);
    return found;
  }

  /**
   * What a program is told of a link that leads out says nothing of what is there. What tasks do not see in a folder that
   * they are granted, `.env` for one, is no part of a program either.
   */
  #confinedKind(path: string): Kind {
    const given = this.#allowedIn(path);
    if (given === undefined) throw new Outside();
    if (path !== given) {
      if (hiddenBecause(basename(path)) !== undefined) return undefined;
      if (this.kind(dirname(path)) !== "folder") return undefined;
      if (!this.#namesIn(this.realPath(dirname(path))).has(basename(path))) return undefined;
    }
    const real = this.realPath(path);
    // A link to nothing has no real path.
    const kind = kindOf(real);
    const allowed = this.#allowedIn(real);
    if (kind === undefined && path !== given || allowed === undefined) throw new Outside();
    return isHiddenIn(allowed, real) ? undefined : kind;
  }

  #namesIn(folder: string): Set<string> {
    let names = this.#names.get(folder);
    if (names === undefined) {
      names = new Set(unlessRefused(() => platform.readFolder(folder)) ?? []);
      this.#names.set(folder, names);
      this.spend(names.size);
    }
    return names;
  }

  /** The path without links. */
  realPath(path: string): string {
    let real = this.#realPaths.get(path);
    if (real === undefined) {
      real = unlessRefused(() => platform.realPath(path)) ?? path;
      this.#realPaths.set(path, real);
    }
    return real;
  }

  /** The names in a folder. */
  names(folder: string): string[] {
    if (this.kind(folder) !== "folder") return [];
    const names = [...this.#namesIn(this.realPath(folder))];
    if (this.#allowed === undefined) return names;
    return names.filter((name) => hiddenBecause(name) === undefined);
  }

  /** Remembers a path: what is there, or that nothing is. What lies in packages does not change by itself. */
  watch(path: string): void {
    if (isInPackages(path)) return;
    this.watchAlways(path);
  }

  watchAlways(path: string): void {
    if (path.length > PATH_AT_MOST) return;
    this.spend(path.length);
    // Of what is missing, the first folder that is will come first.
    let first = path;
    while (
      this.isAllowed(dirname(first)) && first !== dirname(first) &&
      this.kind(dirname(first)) === undefined
    ) {
      first = dirname(first);
      this.spend(first.length);
    }
    this.inputs.add(first);
  }

  /**
   * The content of a module. The program has counted it then.
   *
   * @param path As {@link realPath} gives it.
   * @throws {CapsuleError} for what is no regular file, or too much.
   */
  read(path: string): Uint8Array {
    const inside = this.#allowedIn(path);
    if (this.#allowed !== undefined && inside === undefined) throw new Outside();
    this.spend(STEPS_OF_LOOK);
    const content = readHostFile(path, { maxBytes: SOURCE_BYTES_AT_MOST, inside, code: CODE });
    if (content === undefined) throw new CapsuleError(CODE, `Cannot read "${path}": it is gone`);
    this.inputs.add(path);
    if (!this.#read.has(path)) this.#bytes += content.length;
    this.#read.add(path);
    if (this.#read.size > FILES_AT_MOST) {
      throw new CapsuleError(CODE, `a program consists of ${FILES_AT_MOST} files at most`);
    }
    if (this.#bytes > BYTES_AT_MOST) {
      throw new CapsuleError(CODE, `a program consists of ${BYTES_AT_MOST >> 20} MB at most`);
    }
    return content;
  }

  /**
   * What a settings file holds, by a function that reads text. Undefined if there is no file.
   *
   * @throws {CapsuleError} for what is no regular file, too large, or what the function finds wrong.
   */
  settings<T>(path: string, parse: (text: string, path: string) => T): T | undefined {
    if (this.#settings.has(path)) return this.#settings.get(path) as T | undefined;
    if (this.#settings.size >= SETTINGS_AT_MOST) {
      throw new CapsuleError(CODE, `a program has ${SETTINGS_AT_MOST} settings files at most`);
    }
    const text = this.settingsKind(path) === undefined ? undefined : readHostTextFile(path, {
      maxBytes: SETTINGS_BYTES_AT_MOST,
      inside: this.#settingsIn(path),
      code: CODE,
    });
    this.#settingsBytes += text?.length ?? 0;
    if (this.#settingsBytes > SETTINGS_BYTES_IN_ALL) {
      throw new CapsuleError(
        CODE,
        `${clippedPath(path)}: with it, settings have more than ${SETTINGS_BYTES_IN_ALL >> 20} MB`,
      );
    }
    this.spend(text?.length ?? 0);
    const found = text === undefined ? undefined : parse(text, path);
    this.#settings.set(path, found);
    return found;
  }
}

/** Whether a path lies in the packages of `node_modules`. */
export function isInPackages(path: string): boolean {
  return path.includes("/node_modules/");
}

/** Devices and pipes are files here: whoever reads one is told what it is. */
function kindOf(path: string): Kind {
  const stat = unlessRefused(() => platform.stat(normalize(path)));
  return stat === undefined ? undefined : stat.isFolder ? "folder" : "file";
}

/** What the system refuses, a name that is too long for one, is not there. */
function unlessRefused<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (platform.isSystemError(error)) return undefined;
    throw error;
  }
}
