/** Compiles what a test has written down, without a request around it. */
import { compileCached as compileSourceCached } from "../../compiler/cached.ts";
import { compile as compileSource } from "../../compiler/compile.ts";
import {
  codeSource,
  type Compiled,
  fileSource,
  type Program,
  type Source,
  type SourceSettings,
} from "../../compiler/program.ts";
import type { Language } from "../../ffi/native.ts";

/** A program in a file, or as text. */
export type TestSource = SourceSettings & ({ file: string } | { code: string; language: Language });

export function sourceOf(given: TestSource): Source {
  if ("file" in given) return fileSource(given.file, given);
  return codeSource(given.code, given.language, given);
}

// deno-lint-ignore require-await
export async function compile(given: TestSource): Promise<Compiled> {
  return compileSource(sourceOf(given));
}

export async function compileCached(given: TestSource & { file: string }): Promise<Program> {
  return await compileSourceCached(fileSource(given.file, given));
}
