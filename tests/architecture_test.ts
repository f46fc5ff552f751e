/** The invariants of ARCHITECTURE.md that imports and names can show. */
import { assertEquals } from "./assert.ts";
import { ENTRIES, FFI_FILES, ROOMS } from "../scripts/common.ts";
import { ROOT } from "./support.ts";
import { VERSION } from "../version.ts";

const SOURCES = [...ENTRIES, ...FFI_FILES, ...ROOMS.flatMap((room) => [...walk(room)])]
  .filter((file) => file.endsWith(".ts"));

function read(file: string): string {
  return Deno.readTextFileSync(ROOT + file);
}

/** The files that contain the text, apart from those that may. */
function trespassers(pattern: RegExp, allowed: (file: string) => boolean): string[] {
  return SOURCES.filter((file) => !allowed(file) && pattern.test(read(file)));
}

Deno.test("only the platform and the native binding know Deno", () => {
  const allowed = (file: string) => file.startsWith("platform/") || file.startsWith("ffi/");
  assertEquals(trespassers(/\bDeno\.\w|from "node:/, allowed), []);
});

Deno.test("only ffi/deno.ts and ffi/node.ts touch pointers", () => {
  const allowed = (file: string) => file === "ffi/deno.ts" || file === "ffi/node.ts";
  assertEquals(trespassers(/UnsafePointer|dlopen|koffi\.load\((?!null\))|memcpy/, allowed), []);
});

Deno.test("a file for Node is imported where Deno is not, and nowhere else", () => {
  const pattern = /(?<!"Deno" in globalThis[^;]*)import\("[^"]*node\.ts"\)|from "[^"]*\/node\.ts"/;
  assertEquals(trespassers(pattern, () => false), []);
});

Deno.test("only cli.ts exits", () => {
  const allowed = ["cli.ts", "platform/deno.ts", "platform/node.ts"];
  assertEquals(trespassers(/\.exit\(/, (file) => allowed.includes(file)), []);
});

Deno.test("each room imports only what lies below it", () => {
  const above: Record<string, RegExp> = {
    "sdk/": /from "\.\.\//,
    "platform/": /from "\.\.\//,
    "ffi/": /"\.\.\/(?:cli|compiler|protocol|runner|sdk|trace|worker)\//,
    "protocol/": /"\.\.\/(?:cli|compiler|ffi|platform|runner|sdk|trace|worker)\//,
    "compiler/": /"\.\.\/(?:cli|protocol|runner|sdk|trace|worker)\//,
    "runner/": /"\.\.\/(?:cli|trace|worker)\//,
    "worker/": /"\.\.\/(?:cli|trace)\//,
    "trace/": /"\.\.\/(?:cli|protocol|worker)\//,
  };
  for (const [room, pattern] of Object.entries(above)) {
    assertEquals(trespassers(pattern, (file) => !file.startsWith(room)), [], room);
  }
});

Deno.test("Rust reads no environment, no current folder and no configuration", () => {
  const folder = "ffi/native/src";
  const files = [...walk(folder)];
  const offending = files.filter((file) => {
    const source = read(file).split("#[cfg(test)]")[0]!;
    return /env::(var|current_dir|args)|capsule\.toml/.test(source);
  });
  assertEquals(offending, []);
});

function* walk(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(ROOT + folder)) {
    if (isDirectory) yield* walk(`${folder}/${name}`);
    else yield `${folder}/${name}`;
  }
}

Deno.test("the version is one", () => {
  for (const file of ["deno.json", "packages/cli/deno.json"]) {
    assertEquals(JSON.parse(read(file)).version, VERSION, file);
  }
  assertEquals(read("ffi/native/Cargo.toml").includes(`version = "${VERSION}"`), true);
});
