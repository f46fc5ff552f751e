/**
 * Programs that come as a component, `main.wasm`. Anybody may have made it: its digest tells of damage, not of its
 * author, and what it says of itself are only requests.
 */
import { CapsuleError } from "../../errors/error.ts";
import type { FolderGrant } from "../../ffi/native.ts";
import { platform } from "../../platform/mod.ts";
import { basename } from "../../platform/path.ts";
import { VERSION } from "../../version.ts";
import { type Content, decodeComponent, FORMAT, isWhole } from "./component.ts";
import { indexPath, isSettled, readEntry, writeEntry } from "../../cache/entries.ts";
import { toHex } from "../../ffi/digest.ts";
import { readHostFilePart } from "../../ffi/host_file.ts";
import type { Program } from "../program.ts";
import { checkPackages, grantsOf, unpack, type Unpacked } from "./packages_store.ts";
import { engineSources } from "../../install/installation.ts";
import { Turn } from "../turn.ts";

/** More than any program has. */
const BYTES_AT_MOST = 2 ** 30;
const BUILD_AGAIN = "build it again: capsule build of this version makes components that run";

/** What is kept of a component that was looked at, as long as its file does not change. */
interface Entry {
  stamp: string;
  digest: string;
  engineBytes: number;
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
  /** To be called once it was loaded, which checks it: the next process need not read it then. */
  keep?: () => void;
}

/**
 * Reads a component that `capsule build` made. The native library looks at the engine of a full one, and at the digest
 * over all of it.
 *
 * @throws {CapsuleError} `file_not_found`; `invalid_module`.
 */
export async function readComponent(file: string): Promise<ComponentProgram> {
  const stat = platform.stat(file);
  if (!stat?.isFile) {
    throw new CapsuleError("file_not_found", `Cannot read "${file}": there is no such file`);
  }
  const index = indexPath("programs", keyOf(file));
  const entry = readEntry<Entry>(index);
  if (entry?.stamp === stat.stamp && (entry.packages === null || checkPackages(entry.packages))) {
    return programOf(file, entry, true);
  }
  const refuse: Refuse = (problem, hint) =>
    new CapsuleError("invalid_module", `Cannot run "${basename(file)}": ${problem}`, { hint });
  if (stat.size > BYTES_AT_MOST) {
    throw refuse(`it has ${stat.size} bytes, more than ${BYTES_AT_MOST}`);
  }
  const seenMs = Date.now();
  const read = (start: number, end: number) =>
    readHostFilePart(file, { start, end, code: "invalid_module" });
  const content = check(decodeComponent({ length: stat.size, read }), refuse);
  if (content.kind === "thin") return await thinOf(() => read(0, stat.size), refuse);
  const packages = content.packages ? await unpack(content.packages, refuse) : null;
  const kept = entryOf(content, stat.stamp, packages);
  const isKept = isSettled(file, seenMs);
  return { ...programOf(file, kept, false), keep: () => isKept && writeEntry(index, kept) };
}

type Refuse = (problem: string, hint?: string) => CapsuleError;

/** What was decoded, unless it is refused. */
function check(decoded: ReturnType<typeof decodeComponent>, refuse: Refuse): Content {
  if ("problem" in decoded) throw refuse(decoded.problem);
  const { engine, capsule, program: { language } } = decoded;
  const own = engineSources()[language].digest;
  if (engine !== own) {
    const name = (digest: string) => digest.slice(0, 12);
    throw refuse(
      `it needs the engine ${name(engine)} of Capsule ${capsule.slice(0, 20)}; ` +
        `this Capsule ${VERSION} has ${name(own)}`,
      BUILD_AGAIN,
    );
  }
  if (!isJson(decoded.declarations)) throw refuse("what it says of its tasks is damaged");
  return decoded;
}

/** What is digested is what is used: the program is kept by its digest. */
async function thinOf(read: () => Uint8Array, refuse: Refuse): Promise<ComponentProgram> {
  const turn = new Turn();
  const component = read();
  if (turn.isOver) await turn.next();
  if (!isWhole(component)) throw refuse("it is damaged: its digest is another one");
  if (turn.isOver) await turn.next();
  const { kind, program, digest, packages } = check(decodeComponent(component), refuse);
  if (kind !== "thin") throw refuse("it changed while it was read");
  if (!isUtf8(program.files[0]!.data)) throw refuse("its program is no text");
  const grants = packages ? grantsOf(await unpack(packages, refuse)) : [];
  return { program: { ...program, key: toHex(digest) }, packages: grants };
}

/** What is kept depends on the version that looked at it: another one may find something else in the same file. */
function keyOf(file: string): string {
  return JSON.stringify([file, VERSION, FORMAT, engineSources()]);
}

/** A thin one need not say anything of its tasks. */
function isJson(text: string | undefined): boolean {
  try {
    return text === undefined || typeof JSON.parse(text) === "object";
  } catch {
    return false;
  }
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
  { program, declarations, digest, engineBytes }: Content,
  stamp: string,
  packages: Unpacked | null,
): Entry {
  const { language, name, sourceMap } = program;
  return {
    stamp,
    digest: toHex(digest),
    engineBytes,
    program: { language, name },
    declarations: declarations!,
    sourceMap: sourceMap === undefined ? null : decoder.decode(sourceMap),
    packages,
  };
}

function programOf(file: string, entry: Entry, isChecked: boolean): ComponentProgram {
  const { digest, engineBytes, declarations, sourceMap, packages } = entry;
  const program: Program = {
    ...entry.program,
    files: [],
    component: { path: file, digest, engineBytes, isChecked, declarations },
  };
  if (sourceMap !== null) program.sourceMap = encoder.encode(sourceMap);
  return { program, packages: packages ? grantsOf(packages) : [] };
}

/** What cannot be kept is looked at again the next time. */

const encoder = new TextEncoder();
const decoder = new TextDecoder();
