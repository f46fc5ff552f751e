/** The tsconfig.json of a program, with all that it extends: what decides how its imports and types are read. */
import { CapsuleError } from "../../../errors/error.ts";
import { dirname, join, resolve } from "../../../platform/path.ts";
import { type JsonObject, memberOf, objectIn, parseCommentedJson, textIn } from "./json_file.ts";
import { clippedPath } from "../../../errors/clipped.ts";
import { isInPackages, type ModuleFiles } from "./module_files.ts";

export interface TsConfig {
  /** The options that esbuild knows, besides those of paths. */
  options: Record<string, string | boolean>;
  /** Absolute. */
  baseUrl: string | undefined;
  /** Patterns, and the absolute paths that stand for them. */
  paths: [pattern: string, targets: string[]][];
}

const EMPTY: TsConfig = { options: {}, baseUrl: undefined, paths: [] };
/** How many files one may extend, directly and by others. */
const EXTENDED_AT_MOST = 32;
/** And how many names it may give for them, as what is missing is looked for, too. */
const NAMES_AT_MOST = 100;
/** Patterns are looked through for each import of a package, and so are the targets of one. */
const PATHS_AT_MOST = 1000;
const TARGETS_AT_MOST = 1000;
/** Longer than any. */
const PATH_AT_MOST = 4096;

interface Budget {
  files: number;
  names: number;
  targets: number;
}

const OPTIONS = {
  boolean: [
    "experimentalDecorators",
    "preserveValueImports",
    "useDefineForClassFields",
    "verbatimModuleSyntax",
  ],
  string: [
    "importsNotUsedAsValues",
    "jsx",
    "jsxFactory",
    "jsxFragmentFactory",
    "jsxImportSource",
    "target",
  ],
} as const;

/**
 * The nearest tsconfig.json above a program.
 *
 * @throws {CapsuleError} for one that cannot be read.
 */
export async function readTsConfig(files: ModuleFiles, folder: string): Promise<TsConfig> {
  if (isInPackages(`${folder}/`)) return EMPTY;
  await files.turn();
  for (const above of files.upwards(folder)) {
    const path = join(above, "tsconfig.json");
    if (files.settingsKind(path) === "file") {
      return await read(files, path, {
        files: EXTENDED_AT_MOST,
        names: NAMES_AT_MOST,
        targets: TARGETS_AT_MOST,
      });
    }
  }
  return EMPTY;
}

async function read(files: ModuleFiles, path: string, budget: Budget): Promise<TsConfig> {
  if (budget.files-- <= 0) {
    throw refusal(path, `it extends more than ${EXTENDED_AT_MOST} files, or itself`);
  }
  await files.turn();
  const text = files.settings(path, (text) => text);
  const json = text === undefined ? {} : await parseCommentedJson(text, path);
  const folder = dirname(path);
  const extended = memberOf(json, "extends");
  let config = EMPTY;
  const names = Array.isArray(extended) ? extended : extended === undefined ? [] : [extended];
  for (const name of names) {
    if (budget.names-- <= 0) {
      throw refusal(path, `extends: there are more than ${NAMES_AT_MOST} names`);
    }
    const found = typeof name === "string" ? extendedPath(files, folder, name) : undefined;
    if (found !== undefined) config = merged(config, await read(files, found, budget));
  }
  return merged(config, own(path, objectIn(memberOf(json, "compilerOptions")) ?? {}, budget));
}

function refusal(path: string, problem: string): CapsuleError {
  return new CapsuleError("invalid_program", `${clippedPath(path)}: ${problem}`);
}

/** What another one says goes before. */
function merged(base: TsConfig, over: Partial<TsConfig>): TsConfig {
  return {
    options: { ...base.options, ...over.options },
    baseUrl: over.baseUrl ?? base.baseUrl,
    paths: over.paths?.length ? over.paths : base.paths,
  };
}

function own(path: string, said: JsonObject, budget: Budget): TsConfig {
  const folder = dirname(path);
  const options: TsConfig["options"] = {};
  for (const name of OPTIONS.boolean) {
    const value = memberOf(said, name);
    if (typeof value === "boolean") options[name] = value;
  }
  for (const name of OPTIONS.string) {
    const value = textIn(memberOf(said, name));
    if (value !== undefined) options[name] = value;
  }
  const base = textIn(memberOf(said, "baseUrl"));
  if (base !== undefined && base.length > PATH_AT_MOST) {
    throw refusal(path, `compilerOptions.baseUrl: it has more than ${PATH_AT_MOST} characters`);
  }
  const baseUrl = base === undefined ? undefined : resolve(folder, base);
  const entries = Object.entries(objectIn(memberOf(said, "paths")) ?? {});
  if (entries.length > PATHS_AT_MOST) {
    throw refusal(path, `compilerOptions.paths: there are more than ${PATHS_AT_MOST} patterns`);
  }
  const paths = entries.map(([pattern, said]): TsConfig["paths"][number] => {
    const targets = Array.isArray(said) ? said : [];
    budget.targets -= targets.length;
    if (budget.targets < 0) {
      throw refusal(path, `compilerOptions.paths: there are more than ${TARGETS_AT_MOST} targets`);
    }
    if (targets.some((target) => typeof target === "string" && target.length > PATH_AT_MOST)) {
      throw refusal(
        path,
        `compilerOptions.paths: a target has more than ${PATH_AT_MOST} characters`,
      );
    }
    return [
      pattern,
      targets.filter((target) => typeof target === "string" && !target.endsWith(".d.ts"))
        .map((target) => resolve(baseUrl ?? folder, target)),
    ];
  });
  return { options, baseUrl, paths };
}

/** Undefined for one that is not there: a program may do without what only checks its types. */
function extendedPath(files: ModuleFiles, folder: string, name: string): string | undefined {
  const isFile = (path: string) => {
    if (files.isAllowed(path)) files.watchAlways(path);
    return files.settingsKind(path) === "file";
  };
  const candidates = (path: string) => [path, `${path}.json`, join(path, "tsconfig.json")];
  if (name.startsWith(".") || name.startsWith("/")) {
    return candidates(resolve(folder, name)).find(isFile);
  }
  for (const above of files.upwards(folder)) {
    const found = candidates(join(above, "node_modules", name)).find(isFile);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The paths that a pattern's targets give for an import, in turn; undefined if none is meant. */
export function mappedPaths({ paths }: TsConfig, name: string): string[] | undefined {
  const exact = paths.find(([pattern]) => pattern === name);
  if (exact !== undefined) return exact[1];
  let best: { before: string; after: string; targets: string[] } | undefined;
  for (const [pattern, targets] of paths) {
    const star = pattern.indexOf("*");
    if (star < 0) continue;
    const [before, after] = [pattern.slice(0, star), pattern.slice(star + 1)];
    const matches = name.length >= before.length + after.length && name.startsWith(before) &&
      name.endsWith(after);
    const isBetter = best === undefined || before.length > best.before.length ||
      before.length === best.before.length && after.length > best.after.length;
    if (matches && isBetter) best = { before, after, targets };
  }
  if (best === undefined) return undefined;
  const matched = name.slice(best.before.length, name.length - best.after.length);
  return best.targets.map((target) => resolve("/", target.replace("*", () => matched)));
}
