/**
 * Bundled programs, kept by the content of all that went into them.
 *
 * The bundle lies in the project, `.capsule/wasm/main_<hash>.wasm`. Which one belongs to a file, and
 * whether it is still what this user's Capsule wrote, only the index in the user's own cache folder
 * says: a `.capsule` that came with a stranger's repository is never trusted.
 */
import { CapsuleError } from "../errors/error.ts";
import { platform } from "../platform/mod.ts";
import { basename, join, stem } from "../platform/path.ts";
import { VERSION } from "../version.ts";
import { decodeComponent, encodeComponent } from "./component/component.ts";
import { sha256 as digestOf } from "../ffi/digest.ts";
import { changeProject, projectFolder } from "../cache/project_folder.ts";
import { readHostFile, readMadeFile, SOURCE_BYTES_AT_MOST } from "../ffi/host_file.ts";
import { indexPath, isSettled, lockEntry, readEntry, writeEntry } from "../cache/entries.ts";
import { compile } from "./compile.ts";
import type { FileSource, Program } from "./program.ts";
import { engineSources } from "../install/installation.ts";

/** Counts changes of what a compilation gives for the same inputs. */
const REVISION = 11;
/** They are looked at before each run. */
const INPUTS_AT_MOST = 40_000;

/** A file or a folder that decides what the program is. */
interface Input {
  path: string;
  /** What the file system says of it; null if it does not exist. */
  stamp: string | null;
  /** SHA-256 of its content, a folder's being the names in it; null if it does not exist. */
  sha256: string | null;
}

interface Entry {
  inputs: Input[];
  /** The bundle's name in `.capsule/wasm`. */
  component: string;
  /** SHA-256 of the bundle's file. */
  sha256: string;
}

/**
 * {@link compile}, unless nothing changed since the last time.
 *
 * @param onCompile Hears that something has.
 */
export async function compileCached(source: FileSource, onCompile?: () => void): Promise<Program> {
  const index = indexPath("programs", keyOf(source));
  const kept = read(source, index);
  if (kept !== undefined) return kept;
  onCompile?.();
  if (index === undefined) return (await compile(source)).program;
  // Of many processes that want the same new program, one compiles it.
  const unlock = await lockEntry(index);
  try {
    return (unlock && read(source, index)) ?? await compileAndKeep(source, index);
  } finally {
    unlock?.();
  }
}

async function compileAndKeep(source: FileSource, index: string): Promise<Program> {
  const startedMs = Date.now();
  const { program, inputs } = await compile(source);
  const engine = engineSources()[program.language];
  const component = encodeComponent(program, { engine });
  const sha256 = digestOf(component);
  keep(source, { index, component, sha256, startedMs, inputs });
  return { ...program, key: sha256 };
}

function read(source: FileSource, index: string | undefined): Program | undefined {
  const entry = readEntry<Entry>(index);
  if (entry === undefined) return undefined;
  for (const input of entry.inputs) {
    if (stampAt(input.path) === input.stamp) continue;
    // Touched, perhaps, but not changed.
    if (digestOfPath(input.path) !== input.sha256) return undefined;
  }
  const component = readMadeFile(join(projectFolder(source.root), "wasm", entry.component));
  // Its stamp would not tell: what is written within one step of the clock has the same.
  if (component === undefined || digestOf(component) !== entry.sha256) return undefined;
  const content = decodeComponent(component);
  return "problem" in content ? undefined : { ...content.program, key: entry.sha256 };
}

interface Kept {
  index: string;
  component: Uint8Array;
  sha256: string;
  /** When the compilation began. */
  startedMs: number;
  inputs: string[];
}

/** What cannot be kept is compiled again the next time: that is no reason to fail. */
function keep(source: FileSource, kept: Kept): void {
  const { index, component, sha256, inputs } = kept;
  if (inputs.length > INPUTS_AT_MOST) return;
  // A file that was written while it was compiled may be another one than what was compiled.
  if (!inputs.every((path) => isSettled(path, kept.startedMs))) return;
  try {
    const name = `${stem(source.file)}_${sha256.slice(0, 16)}.wasm`;
    changeProject(source.root, { do: "write", name: `wasm/${name}` }, component);
    const before = readEntry<Entry>(index)?.component;
    writeEntry<Entry>(index, {
      inputs: [...new Set(inputs)].map(stampOf),
      component: name,
      sha256,
    });
    // Each edit would leave one behind.
    if (before !== undefined && before !== name) {
      changeProject(source.root, { do: "remove", name: `wasm/${basename(before)}` });
    }
  } catch (error) {
    if (!platform.isSystemError(error) && !isUnwritable(error)) throw error;
  }
}

function isUnwritable(error: unknown): boolean {
  return error instanceof CapsuleError && error.code === "file_not_found";
}

function stampOf(path: string): Input {
  return { path, stamp: stampAt(path), sha256: digestOfPath(path) };
}

function stampAt(path: string): string | null {
  return unlessUnreadable(() => platform.stat(path)?.stamp ?? null);
}

/** Whatever decides what a program is, besides its files. */
function keyOf({ file, root, isConfined = false, packages }: FileSource): string {
  return JSON.stringify([file, root, isConfined, packages, VERSION, REVISION, engineSources()]);
}

function digestOfPath(path: string): string | null {
  return unlessUnreadable(() => {
    if (platform.stat(path)?.isFolder) {
      // Neither what editors and Capsule itself keep there, with names that begin with a dot, nor Python's.
      const isSource = (name: string) => !name.startsWith(".") && name !== "__pycache__";
      const names = platform.readFolder(path)?.filter(isSource) ?? [];
      return digestOf(JSON.stringify(names.sort()));
    }
    const content = readHostFile(path, { maxBytes: SOURCE_BYTES_AT_MOST, code: "file_not_found" });
    return content === undefined ? null : digestOf(content);
  });
}

/** What lies there may be a device by now, a loop of links or a file without end: whoever compiles it says so. */
function unlessUnreadable(look: () => string | null): string | null {
  try {
    return look();
  } catch (error) {
    if (!platform.isSystemError(error) && !(error instanceof CapsuleError)) throw error;
    return "unreadable";
  }
}
