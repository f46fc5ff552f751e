/**
 * Programs that come as a component, `main.wasm`. Anybody may have made it: its digest tells of damage, not
 * of its author, and what it says of itself are wishes.
 */
import { CapsuleError } from "../errors.ts";
import type { FolderGrant } from "../ffi/native.ts";
import { platform } from "../platform/mod.ts";
import { basename } from "../platform/path.ts";
import { VERSION } from "../version.ts";
import { type Content, decodeComponent, isWhole } from "./component.ts";
import { sha256 } from "./digest.ts";
import { indexPath, isSettled, readEntry, writeEntry } from "./cache_index.ts";
import type { Program } from "./program.ts";
import { checkPackages, grantsOf, unpack, type Unpacked } from "./packages_store.ts";
import { engineSources } from "./installation.ts";

/** More than any program has. */
const BYTES_AT_MOST = 2 ** 30;

/** What is kept of a component that was looked at, as long as its file does not change. */
interface Entry {
  stamp: string;
  digest: string;
  program: Pick<Program, "language" | "name">;
  declarations: string;
  sourceMap: string | null;
  packages: Unpacked | null;
}

/** A program that came as a component. */
export interface ComponentProgram {
  program: Program;
  /** Where the packages lie that it brought. */
  packages: FolderGrant[];
}

/**
 * Reads a component that `capsule build` made.
 *
 * @throws {CapsuleError} `file_not_found`; `invalid_module`.
 */
export function readComponent(file: string): ComponentProgram {
  const stat = platform.stat(file);
  if (!stat?.isFile) {
    throw new CapsuleError("file_not_found", `Cannot read "${file}": there is no such file`);
  }
  const index = indexPath("programs", file);
  const entry = readEntry<Entry>(index);
  if (entry?.stamp === stat.stamp && (entry.packages === null || checkPackages(entry.packages))) {
    return programOf(file, entry);
  }
  const refuse = (problem: string, hint?: string) =>
    new CapsuleError("invalid_module", `Cannot run "${basename(file)}": ${problem}`, { hint });
  if (stat.size > BYTES_AT_MOST) {
    throw refuse(`it has ${stat.size} bytes, more than ${BYTES_AT_MOST}`);
  }
  const seenMs = Date.now();
  const component = platform.readFile(file)!;
  const content = decodeComponent(component);
  if ("problem" in content) throw refuse(content.problem);
  if (!isWhole(component)) throw refuse("it is damaged: its digest is another one");
  const engine = engineSources()[content.program.language].digest;
  if (content.kind === "thin" && content.engine !== engine) {
    throw refuse(
      `it needs the engine ${content.engine.slice(0, 12)} of Capsule ${content.capsule}; ` +
        `this Capsule ${VERSION} has ${engine.slice(0, 12)}`,
      "build it again with this Capsule, or without --thin: then it brings its engine",
    );
  }
  const packages = content.packages ? unpack(content.packages, refuse) : null;
  const digest = sha256(component);
  if (content.kind === "thin") {
    if (!isUtf8(content.program.files[0]!.data)) throw refuse("its program is no text");
    const program = { ...content.program, key: digest };
    return { program, packages: packages ? grantsOf(packages) : [] };
  }
  const kept = entryOf(content, stat.stamp, digest, packages);
  if (isSettled(file, seenMs)) keep(index, kept);
  return programOf(file, kept);
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

function entryOf(
  { program, declarations }: Content,
  stamp: string,
  digest: string,
  packages: Unpacked | null,
): Entry {
  const { language, name, sourceMap } = program;
  return {
    stamp,
    digest,
    program: { language, name },
    declarations: declarations!,
    sourceMap: sourceMap === undefined ? null : decoder.decode(sourceMap),
    packages,
  };
}

function programOf(file: string, entry: Entry): ComponentProgram {
  const { digest, declarations, sourceMap, packages } = entry;
  const program: Program = {
    ...entry.program,
    files: [],
    component: { path: file, digest, declarations },
  };
  if (sourceMap !== null) program.sourceMap = encoder.encode(sourceMap);
  return { program, packages: packages ? grantsOf(packages) : [] };
}

/** What cannot be kept is looked at again the next time. */
function keep(index: string, entry: Entry): void {
  try {
    writeEntry(index, entry);
  } catch (error) {
    if (!platform.isSystemError(error)) throw error;
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
