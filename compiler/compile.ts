import { CapsuleError } from "../errors.ts";
import { platform } from "../platform/mod.ts";
import { type Compiled, languageOf, type Source } from "./program.ts";
import { collectPython } from "./python.ts";
import { bundleTypeScript } from "./typescript.ts";

/** As `compile` of `program.ts` says, which loads this file when there is something to compile. */
export function compile(source: Source): Promise<Compiled> {
  if ("code" in source) {
    return source.language === "python"
      ? Promise.resolve(collectPython(source))
      : bundleTypeScript(source);
  }
  const language = languageOf(source.file);
  if (platform.stat(source.file)?.isFile !== true) {
    throw new CapsuleError("file_not_found", `Cannot read "${source.file}": there is no such file`);
  }
  return language === "python" ? Promise.resolve(collectPython(source)) : bundleTypeScript(source);
}
