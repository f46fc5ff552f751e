import { assertEquals } from "../assert.ts";
import { importsOf } from "../../compiler/python_imports.ts";

function names(source: string): string[] {
  return importsOf(source).map(({ level, module, names }) =>
    ".".repeat(level) + module + (names.length ? `:${names.join("+")}` : "")
  );
}

Deno.test("importsOf() reads both forms", () => {
  assertEquals(names("import a, b.c as d\nfrom e.f import g as h, i\nfrom . import j"), [
    "a",
    "b.c",
    "e.f:g+i",
    ".:j",
  ]);
  assertEquals(names("from ..x.y import z"), ["..x.y:z"]);
  assertEquals(names("from a import *"), ["a"]);
});

Deno.test("importsOf() finds imports in functions, branches and one-liners", () => {
  assertEquals(
    names("def f():\n    import a\nif x: import b\ntry:\n\timport c; import d\nexcept E: pass"),
    [
      "a",
      "b",
      "c",
      "d",
    ],
  );
});

Deno.test("importsOf() joins continued lines", () => {
  assertEquals(names("from a import (\n    b,  # why\n    c as d,\n)\nimport \\\n  e"), [
    "a:b+c",
    "e",
  ]);
});

Deno.test("importsOf() skips strings and comments", () => {
  const source = [
    '"""import a"""',
    "x = 'import b'; y = \"import c\"",
    "# import d",
    "z = r'''",
    "import e",
    "'''",
    "s = 'it\\'s'",
    "import f  # import g",
    'g = f"{import_h}"',
  ].join("\n");
  assertEquals(names(source), ["f"]);
});

Deno.test("importsOf() reads what it can of broken source", () => {
  assertEquals(names('import a\nx = "unclosed\nimport b\n"""never closed\nimport c'), ["a", "b"]);
  assertEquals(names("def (:\nimport a"), []);
  assertEquals(names("import\nfrom import x\nimport 1.2+3"), []);
});
