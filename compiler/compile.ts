import { CapsuleError } from "../errors/error.ts";
// It tells where the library lies, which reads files.
import "../install/installation.ts";
import { platform } from "../platform/mod.ts";
import type { Compiled, Source } from "./program.ts";

/**
 * Reads a program and all that it imports.
 *
 * @throws {CapsuleError} `file_not_found`, or `invalid_program` naming file, line and column.
 */
export async function compile(source: Source): Promise<Compiled> {
  if ("file" in source && platform.stat(source.file)?.isFile !== true) {
    throw new CapsuleError("file_not_found", `Cannot read "${source.file}": there is no such file`);
  }
  // A millisecond that an unchanged program does without.
  if (source.language === "python") {
    python ??= import("./python/files.ts");
    return (await python).collectPython(source);
  }
  typescript ??= import("./typescript/bundle.ts");
  return await (await typescript).bundleTypeScript(source);
}

let python: Promise<typeof import("./python/files.ts")> | undefined;
let typescript: Promise<typeof import("./typescript/bundle.ts")> | undefined;
