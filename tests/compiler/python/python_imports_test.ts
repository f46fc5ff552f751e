import { assertEquals, assertTrue } from "../../support/assert.ts";
import { importsOf } from "../../../compiler/python/imports.ts";

function names(source: string): string[] {
  return [...importsOf(source)].map(({ level, module, names }) =>
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

Deno.test("importsOf() finds imports in broken source", () => {
  assertEquals(names('import a\nx = "unclosed\nimport b\n"""never closed\nimport c'), ["a", "b"]);
  assertEquals(names("def (:\nimport a"), []);
  assertEquals(names("import\nfrom import x\nimport 1.2+3"), []);
});

Deno.test("importsOf() reads strings with fields as Python 3.14 does", () => {
  const source = [
    `import a`,
    `x = f"{d["import b"]} {{import c}} {x:{width}} {y!r:>{'import d'}}"`,
    `import e`,
    `y = f'''{`,
    `  "}" + t"{z}"`,
    `}`,
    `import f`,
    `'''`,
    `import g; z = rf"\\{x}" f"\\N{EM DASH}" f"\\"{x}"; import h`,
    `if"import i"in x: import j`,
    `w = f"{(lambda: 1)():=^{n}}"; import k`,
  ].join("\n");
  assertEquals(names(source), ["a", "e", "g", "h", "j", "k"]);
});

Deno.test("importsOf() knows names as Python does, spaces within them, and where each statement stands", () => {
  assertEquals(names("import a . b\nfrom . . import c\nfrom.d import e\nimport µ, b2"), [
    "a.b",
    "..:c",
    ".d:e",
    "μ",
    "b2",
  ]);
  const found = [...importsOf('"""\r\n"""\r\nif x:\r\n  import a; import b\rimport c')];
  assertEquals(found.map(({ line, column }) => [line, column]), [[4, 3], [4, 13], [5, 1]]);
});

Deno.test("importsOf() takes no longer for text that is made to slow it down", () => {
  const length = 200_000;
  const texts = [
    "from ",
    "from .",
    " .",
    "import ",
    "import (",
    "import a,",
    "a.",
    "f'{",
    "f'{x:",
    "'",
    '"""',
    "\\",
    "(",
  ]
    .map((part) => `from a import ${part.repeat(length / part.length)}\nimport`);
  for (const text of [...texts, `from${" ".repeat(length)}x y\nimport`]) {
    const startedMs = performance.now();
    for (const _ of importsOf(text));
    const tookMs = performance.now() - startedMs;
    assertTrue(tookMs < 500, `${text.slice(0, 30)}: ${tookMs} ms`);
  }
});
