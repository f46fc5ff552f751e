/** `capsule build`: a program as one file that runs elsewhere. */
import { engineSources, worldPath } from "../install/installation.ts";
import {
  decodeComponent,
  encodeComponent,
  FORMAT,
  type PackageFolder,
} from "../compiler/component/component.ts";
import { changeProject, projectFolder } from "../cache/project_folder.ts";
import { digestsOf, sha256 } from "../ffi/digest.ts";
import { readMadeFile } from "../ffi/host_file.ts";
import { indexPath, lockEntry, readEntry, writeEntry } from "../cache/entries.ts";
import { reachablePackages } from "../compiler/python/distributions.ts";
import { CapsuleError } from "../errors/error.ts";
import { platform } from "../platform/mod.ts";
import { basename, extname, join, stem } from "../platform/path.ts";
import { VERSION } from "../version.ts";
import { checkTask } from "./program/task_names.ts";
import type { ProgramSettings } from "./options/options.ts";
import { prepare, type PreparedProgram } from "./program/prepare.ts";
import { resolveProgram } from "./program/request.ts";
import { runtime } from "./runtime.ts";

/** What to build. */
export interface BuildOptions extends Pick<ProgramSettings, "cwd" | "onEvent" | "signal"> {
  /** A `.ts`, `.js` or `.py` file, relative to `cwd`. */
  file: string;
  /** A few KiB that need the engine of this version, instead of a component that has it. */
  thin?: boolean;
  /** Hears of each step as it begins. */
  onStage?: (stage: BuildStage) => void;
}

/** The steps of a build: the last tells the size. */
export type BuildStage = "load" | "packages" | "component" | "write";

/** A component that was built. */
export interface BuiltComponent {
  /** Absolute. */
  path: string;
  bytes: number;
  /** The names of its tasks. */
  tasks: string[];
  /** Nothing changed: it was there. */
  isKept: boolean;
}

/** What is remembered of a build, in this user's cache. */
interface Entry {
  /** A digest of all that went into it. */
  content: string;
  /** In `.capsule/wasm`. */
  name: string;
  sha256: string;
}

/**
 * Builds a component that `capsule exec`, or `run({ file: "main.wasm" })`, runs: into `.capsule/wasm`.
 *
 * @throws {CapsuleError} for mistakes on the host's side, as `open` does; `file_not_found` where nothing
 * can be written.
 */
export async function build(options: BuildOptions): Promise<BuiltComponent> {
  const { thin = false, onStage } = options;
  if (extname(options.file) === ".wasm") {
    throw new CapsuleError(
      "invalid_argument",
      `${basename(options.file)} is a built component, not a program`,
    );
  }
  options.signal?.throwIfAborted();
  onStage?.("load");
  const prepared = await prepare(await resolveProgram(options), { isBuild: true });
  try {
    // Whoever runs it may name another task: most do not.
    checkTask(prepared.program, new Set(Object.keys(prepared.policies)), "main");
    onStage?.("packages");
    const packages = packagesOf(prepared);
    return await buildOnce(prepared, { thin, packages, onStage });
  } finally {
    runtime().unload(prepared.loaded.id);
  }
}

interface Building {
  thin: boolean;
  packages: PackageFolder[];
  onStage: BuildOptions["onStage"];
}

async function buildOnce(prepared: PreparedProgram, building: Building): Promise<BuiltComponent> {
  const { program, policies, root } = prepared;
  const { thin, packages, onStage } = building;
  const tasks = Object.keys(policies);
  const folder = join(projectFolder(platform.realPath(root)), "wasm");
  changeProject(root, { do: "make", name: "wasm" });
  const index = indexPath("builds", JSON.stringify([root, program.name, thin]));
  const content = contentOf(prepared, packages);
  // Of many that build it at once, one does.
  const unlock = await lockEntry(index);
  try {
    const before = readEntry<Entry>(index);
    const kept = before?.content === content ? read(before, folder) : undefined;
    if (kept !== undefined) return { ...kept, tasks, isKept: true };
    onStage?.("component");
    const engine = engineSources()[program.language];
    const full = thin ? {} : { full: await runtime().component(prepared.loaded.id) };
    const component = encodeComponent(program, {
      engine,
      declarations: prepared.declarations,
      ...(packages.length > 0 ? { packages } : {}),
      ...full,
    });
    if ("problem" in decodeComponent(component)) {
      throw new CapsuleError(
        "invalid_module",
        `Cannot build "${program.name}": with its packages it is larger than a component may be`,
        { hint: "a component holds at most 20,000 files of packages and 256 MiB of them" },
      );
    }
    onStage?.("write");
    const digest = sha256(component);
    const name = `${stem(program.name)}_${digest.slice(0, 16)}.wasm`;
    changeProject(root, { do: "write", name: `wasm/${name}` }, component);
    writeWorld(root);
    writeEntry<Entry>(index, { content, name, sha256: digest });
    // Each edit would leave one behind.
    if (before && before.name !== name) {
      changeProject(root, { do: "remove", name: `wasm/${basename(before.name)}` });
    }
    return { path: join(folder, name), bytes: component.length, tasks, isKept: false };
  } finally {
    unlock?.();
  }
}

function packagesOf({ program, packages, declarations }: PreparedProgram): PackageFolder[] {
  if (packages.length === 0) return [];
  const { files } = JSON.parse(declarations) as { files?: unknown };
  // The program can say anything.
  const imported = Array.isArray(files) ? files.filter((file) => typeof file === "string") : [];
  return reachablePackages(program, packages, imported);
}

/** A digest of all that goes into a component. */
function contentOf(
  { program, declarations }: PreparedProgram,
  packages: PackageFolder[],
): string {
  return sha256(JSON.stringify([
    VERSION,
    FORMAT,
    program.name,
    digestsOf(program.files),
    declarations,
    engineSources()[program.language].digest,
    packages.map(({ guest, files }) => [guest, digestsOf(files)]),
  ]));
}

/** What is there already, if it is still what was written. */
function read(
  { name, sha256: digest }: Entry,
  folder: string,
): { path: string; bytes: number } | undefined {
  const path = join(folder, basename(name));
  const component = readMadeFile(path);
  if (component === undefined || sha256(component) !== digest) return undefined;
  return { path, bytes: component.length };
}

/** What components import and export, for other tools. */
function writeWorld(root: string): void {
  const world = platform.readFile(worldPath());
  if (world) changeProject(root, { do: "write", name: "wit/world.wit" }, world);
}
