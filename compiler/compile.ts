import { CapsuleError } from "../errors/error.ts";
import { platform } from "../platform/mod.ts";
import { type Compiled, languageOfSource, type Source } from "./program.ts";
import { collectPython } from "./python/files.ts";
import { bundleTypeScript } from "./typescript/bundle.ts";

/** As `compile` of `program.ts` says, which loads this file when there is something to compile. */
export function compile(source: Source): Promise<Compiled> {
  const language = languageOfSource(source);
  if ("file" in source && platform.stat(source.file)?.isFile !== true) {
    throw new CapsuleError("file_not_found", `Cannot read "${source.file}": there is no such file`);
  }
  return language === "python" ? Promise.resolve(collectPython(source)) : bundleTypeScript(source);
}
