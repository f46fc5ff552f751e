import { assertEquals, assertRejects } from "../../support/assert.ts";
import { compile } from "../../support/compile.ts";
import { CapsuleError } from "../../../errors/error.ts";
import { project } from "../../support/support.ts";

Deno.test("a program brings the modules beside it that it can reach", async () => {
  using folder = project({
    "src/main.py": "import a\nfrom package.sub import deep\nimport json",
    "src/a.py": "def f():\n    from b import x",
    "src/b.py": "x = 1",
    "src/package/__init__.py": "from . import sibling",
    "src/package/sibling.py": "",
    "src/package/sub/__init__.py": "",
    "src/package/sub/deep.py": "from ..other import y",
    "src/package/other.py": "y = 2",
    "src/unused.py": "",
  });
  const { program, inputs } = await compile({
    file: `${folder.path}/src/main.py`,
    root: folder.path,
  });
  assertEquals(program.name, "src/main.py");
  assertEquals(program.files.map(({ path }) => path).sort(), [
    "a.py",
    "b.py",
    "package/__init__.py",
    "package/other.py",
    "package/sibling.py",
    "package/sub/__init__.py",
    "package/sub/deep.py",
    "src/main.py",
  ]);
  // A json.py beside the program would take the place of the standard module.
  assertEquals(inputs.includes(`${folder.path}/src`), true);
});

Deno.test("a cycle of imports ends, and one beyond the top is left to the engine", async () => {
  using folder = project({ "main.py": "import a\nfrom .. import x", "a.py": "import main, a" });
  const { program } = await compile({ file: `${folder.path}/main.py`, root: folder.path });
  assertEquals(program.files.map(({ path }) => path), ["main.py", "a.py", "main.py"]);
});

Deno.test("a file that is not UTF-8 is refused by name", async () => {
  using folder = project();
  folder.write("main.py", new Uint8Array([0x78, 0xff]));
  await assertRejects(
    () => compile({ file: `${folder.path}/main.py`, root: folder.path }),
    CapsuleError,
    "main.py:1:1: the file is not UTF-8",
  );
});

Deno.test("compile() refuses a missing file and an unknown ending", async () => {
  using folder = project({ "main.rb": "" });
  const missing = await assertRejects(
    () => compile({ file: `${folder.path}/main.py`, root: folder.path }),
    CapsuleError,
    "there is no such file",
  );
  assertEquals(missing.code, "file_not_found");
  const unknown = await assertRejects(
    async () => await compile({ file: `${folder.path}/main.rb`, root: folder.path }),
    CapsuleError,
    "its ending is none of .ts",
  );
  assertEquals(unknown.code, "invalid_argument");
});

Deno.test("a folder that links make many is not listed without end", async () => {
  const links = Array.from({ length: 40 }, (_, index) => `l${index}`);
  const imports = links.flatMap((one) => links.map((other) => `import data.${one}.${other}`));
  using folder = project({ "main.py": `def main():\n  ${imports.join("\n  ")}` });
  for (let index = 0; index < 500; index++) folder.write(`data/${index}.csv`, "");
  for (const link of links) Deno.symlinkSync(".", `${folder.path}/data/${link}`);
  await assertRejects(
    () => compile({ file: `${folder.path}/main.py`, root: folder.path }),
    CapsuleError,
    "the folders that the program imports from hold more than 500000 names",
  );
});
