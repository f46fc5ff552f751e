/**
 * Bundled programs, kept by the content of all that went into them.
 *
 * The bundle lies in the project, `.capsule/wasm/main_<hash>.wasm`. Which one belongs to a file, and
 * whether it is still what this user's Capsule wrote, only the index in the user's own cache folder
 * says: a `.capsule` that came with a stranger's repository is never trusted.
 */
import { platform } from "../platform/mod.ts";
import { basename, dirname, extname, join } from "../platform/path.ts";
import { VERSION } from "../version.ts";
import { decodeComponent, encodeComponent } from "./component.ts";
import { sha256 as digestOf } from "./digest.ts";
import { makeProjectFolder, projectFolder } from "./folder.ts";
import { compile, type FileSource, type Program } from "./program.ts";
import { cacheFolder, engineSources } from "./tools.ts";

/** Counts changes of what a compilation gives for the same inputs. */
const REVISION = 5;
/** File systems take times from a clock that is this much late. */
const CLOCK_STEP_MS = 20;

/** A file or a folder that decides what the program is. */
interface Input {
  path: string;
  /** What the file system says of it; null if it does not exist. */
  stamp: string | null;
  /** SHA-256 of its content, a folder's being the names in it; null if it does not exist. */
  sha256: string | null;
}

interface Entry {
  /** What the entry is of: names of files in the index may meet. */
  key: string;
  inputs: Input[];
  /** The bundle's name in `.capsule/wasm`. */
  component: string;
  /** What the file system said of it when it was written: what else lies there is another file. */
  stamp: string;
  /** SHA-256 of the bundle's file. */
  sha256: string;
}

/** {@link compile}, unless nothing changed since the last time. */
export async function compileCached(source: FileSource): Promise<Program> {
  const key = keyOf(source);
  const index = indexPath(key);
  const kept = await read(source, key, index);
  if (kept !== undefined) return kept;
  // Of many processes that want the same new program, one compiles it.
  const unlock = await lock(index);
  try {
    return (unlock && await read(source, key, index)) ?? await compileAndKeep(source, key, index);
  } finally {
    unlock?.();
  }
}

async function compileAndKeep(source: FileSource, key: string, index: string): Promise<Program> {
  const startedMs = Date.now();
  const { program, inputs } = await compile(source);
  const engine = engineSources()[program.language];
  const component = await encodeComponent(program, { engine });
  const sha256 = await digestOf(component);
  await keep(source, { key, index, component, sha256, startedMs, inputs });
  return { ...program, key: sha256 };
}

/** Where nothing can be written, nobody shares anything. */
async function lock(index: string): Promise<(() => void) | undefined> {
  try {
    platform.makeFolder(dirname(index), 0o700);
    return await platform.lock(`${index}.lock`);
  } catch (error) {
    if (!platform.isSystemError(error)) throw error;
  }
}

async function read(
  source: FileSource,
  key: string,
  index: string,
): Promise<Program | undefined> {
  const entry = parseEntry(platform.readTextFile(index));
  if (entry?.key !== key) return undefined;
  for (const input of entry.inputs) {
    const stamp = platform.stat(input.path)?.stamp ?? null;
    if (stamp === input.stamp) continue;
    // Touched, perhaps, but not changed.
    if (await digestOfPath(input.path) !== input.sha256) return undefined;
  }
  const path = join(projectFolder(source.root), "wasm", entry.component);
  const component = platform.readFile(path);
  if (component === undefined) return undefined;
  // A digest takes half a millisecond to begin with.
  const isSame = platform.stat(path)?.stamp === entry.stamp ||
    await digestOf(component) === entry.sha256;
  if (!isSame) return undefined;
  const content = decodeComponent(component);
  return "problem" in content ? undefined : { ...content.program, key: entry.sha256 };
}

interface Kept {
  key: string;
  index: string;
  component: Uint8Array;
  sha256: string;
  /** When the compilation began. */
  startedMs: number;
  inputs: string[];
}

/** What cannot be kept is compiled again the next time: that is no reason to fail. */
async function keep(source: FileSource, kept: Kept): Promise<void> {
  const { key, index, component, sha256, inputs } = kept;
  // A file that was written while it was compiled may be another one than what was compiled.
  const settledMs = kept.startedMs - CLOCK_STEP_MS;
  const isSettled = (path: string) => (platform.stat(path)?.modifiedMs ?? 0) < settledMs;
  if (!inputs.every(isSettled)) return;
  try {
    const stem = basename(source.file).slice(0, -extname(source.file).length);
    const name = `${stem}_${sha256.slice(0, 16)}.wasm`;
    const folder = makeProjectFolder(source.root, "wasm");
    if (folder === undefined) return;
    platform.replaceFile(join(folder, name), component);
    const before = parseEntry(platform.readTextFile(index))?.component;
    const entry: Entry = {
      key,
      inputs: await Promise.all([...new Set(inputs)].map(stampOf)),
      component: name,
      stamp: platform.stat(join(folder, name))!.stamp,
      sha256,
    };
    platform.replaceFile(index, JSON.stringify(entry), 0o600);
    // Each edit would leave one behind.
    if (before !== undefined && before !== name) platform.remove(join(folder, basename(before)));
  } catch (error) {
    if (!platform.isSystemError(error)) throw error;
  }
}

async function stampOf(path: string): Promise<Input> {
  const stamp = platform.stat(path)?.stamp ?? null;
  return { path, stamp, sha256: await digestOfPath(path) };
}

/** Whatever decides what a program is, besides its files. */
function keyOf({ file, root, isConfined = false }: FileSource): string {
  return JSON.stringify([file, root, isConfined, VERSION, REVISION, engineSources()]);
}

function indexPath(key: string): string {
  return join(cacheFolder(), "programs", `${quickHash(key)}.json`);
}

/** FNV-1a, of 64 bits in two halves: for names of which nothing depends on being unique. */
function quickHash(text: string): string {
  const halves = [0x811c9dc5, 0xcbf29ce4];
  for (let index = 0; index < text.length; index++) {
    const half = index & 1;
    halves[half] = Math.imul(halves[half]! ^ text.charCodeAt(index), 0x01000193) >>> 0;
  }
  return halves.map((half) => half.toString(16).padStart(8, "0")).join("");
}

function parseEntry(text: string | undefined): Entry | undefined {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function digestOfPath(path: string): Promise<string | null> {
  const stat = platform.stat(path);
  if (stat?.isFolder) {
    // Neither what editors and Capsule itself keep there, with names that begin with a dot, nor Python's.
    const isSource = (name: string) => !name.startsWith(".") && name !== "__pycache__";
    const names = platform.readFolder(path)?.filter(isSource) ?? [];
    return await digestOf(JSON.stringify(names.sort()));
  }
  const content = stat?.isFile ? platform.readFile(path) : undefined;
  return content === undefined ? null : await digestOf(content);
}
