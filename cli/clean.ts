import { emptyCache } from "../compiler/cache_folder.ts";
import { cachePlace } from "../compiler/cache_place.ts";
import { changeProject, projectFolder } from "../compiler/folder.ts";
import { findInstallation } from "../compiler/installation.ts";
import { platform } from "../platform/mod.ts";
import { basename, join } from "../platform/path.ts";
import { projectRoot } from "../runner/project.ts";
import { type CommandSpec, parseArguments } from "./arguments.ts";
import { workingFolder } from "./folder.ts";
import { noteLine, printLine } from "./report.ts";
import { count, size, table } from "./table.ts";

export const cleanCommand: CommandSpec = {
  name: "clean",
  usage: "[OPTIONS]",
  summary: "Empty the cache",
  details: `
Removes what Capsule keeps in your cache folder, and the components in .capsule of the
project: all of it is made again when it is needed. That takes seconds for the language
engines. The trace of what ran stays. What runs now goes on.`,
  options: {
    cwd: { value: "DIR", completes: "folders", help: "A folder of the project" },
  },
};

/** Empties the cache. Returns the exit status. */
export async function clean(args: string[]): Promise<number> {
  const parsed = parseArguments(args, cleanCommand);
  const root = projectRoot(undefined, workingFolder(parsed));
  const removed = emptyCache().filter(({ files }) => files > 0);
  const rows = removed.map(({ name, files, bytes }) => [name, count(files), size(bytes)]);
  const components = componentsOf(root);
  if (components.length > 0) {
    const bytes = components.reduce((sum, path) => sum + (platform.stat(path)?.size ?? 0), 0);
    rows.push(["components of this project", count(components.length), size(bytes)]);
    await findInstallation();
    for (const path of components) {
      changeProject(root, { do: "remove", name: `wasm/${basename(path)}` });
    }
  }
  const { folder, problem } = cachePlace();
  if (rows.length === 0) noteLine(problem ?? `there is nothing in ${folder}`);
  else printLine(table(["removed", "files>", "size>"], rows));
  return 0;
}

/** A `.capsule` that leads elsewhere came with somebody's repository: nothing in it is touched. */
function componentsOf(root: string): string[] {
  const folder = join(projectFolder(platform.realPath(root)), "wasm");
  if (platform.realPath(folder) !== folder) return [];
  const names = platform.readFolder(folder) ?? [];
  return names.filter((name) => name.endsWith(".wasm")).map((name) => join(folder, name));
}
