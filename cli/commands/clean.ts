import { emptyCache } from "../../cache/content.ts";
import { cachePlace } from "../../cache/place.ts";
import { changeProject, projectFolder } from "../../cache/project_folder.ts";
import { findInstallation } from "../../install/installation.ts";
import { platform } from "../../platform/mod.ts";
import { basename, join } from "../../platform/path.ts";
import { projectRoot } from "../../runner/config/project.ts";
import { type CommandSpec, parseArguments } from "../options/arguments.ts";
import { workingFolder } from "../options/folder.ts";
import { noteLine, printLine } from "../terminal/report.ts";
import { count, size, table } from "../terminal/table.ts";

export const cleanCommand: CommandSpec = {
  name: "clean",
  usage: "[OPTIONS]",
  argumentsAtMost: 0,
  summary: "Empty the cache",
  details: `
Removes Capsule's files from its cache folder, and the components in the project's .capsule.
They are created again when needed, which takes some seconds for a language engine. The
trace of earlier runs is kept, and running programs are not affected.`,
  options: {
    cwd: { value: "DIR", completes: "folders", help: "A folder of the project" },
  },
};

/** Empties the cache. Returns the exit code. */
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
  if (rows.length === 0) noteLine(problem ?? `the cache is empty: ${folder}`);
  else printLine(table(["removed", "files>", "size>"], rows));
  return 0;
}

/** The components in a project's `.capsule`. A `.capsule` that is a symbolic link is not trusted: none. */
function componentsOf(root: string): string[] {
  const folder = join(projectFolder(platform.realPath(root)), "wasm");
  if (platform.realPath(folder) !== folder) return [];
  const names = platform.readFolder(folder) ?? [];
  return names.filter((name) => name.endsWith(".wasm")).map((name) => join(folder, name));
}
