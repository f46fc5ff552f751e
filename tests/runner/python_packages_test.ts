/** Packages of a virtual environment: made by hand here, so that nothing need be installed. */
import { assertEquals } from "../assert.ts";
import { type Project, project } from "../support.ts";
import { open, run } from "@capsule/sdk/runner";

const SITE = ".venv/lib/python3.12/site-packages";

function environment(files: Record<string, string> = {}): Project {
  return project({
    "capsule.toml": "",
    ".venv/pyvenv.cfg": "home = /usr/bin\n",
    [`${SITE}/shop/__init__.py`]: `
from importlib import resources
from pathlib import Path
from . import prices
TABLE = (resources.files(__name__) / "table.txt").read_text()
BESIDE = Path(__file__).with_name("table.txt").read_text()
def lazily():
    import importlib
    return importlib.import_module("shop.later").VALUE`,
    [`${SITE}/shop/prices.py`]: "PRICE = 5",
    [`${SITE}/shop/later.py`]: "VALUE = 'later'",
    [`${SITE}/shop/table.txt`]: "a table",
    [`${SITE}/shop-1.2.3.dist-info/METADATA`]:
      "Metadata-Version: 2.1\nName: shop\nVersion: 1.2.3\n",
    [`${SITE}/shop-1.2.3.dist-info/RECORD`]: "shop/__init__.py,,\n",
    [`${SITE}/shop-1.2.3.dist-info/entry_points.txt`]: "[shop.plugins]\nx = shop.prices:PRICE\n",
    [`${SITE}/native.cpython-312-x86_64-linux-gnu.so`]: "native code",
    [`${SITE}/twin/__init__.py`]:
      "try:\n    from ._fast import value\nexcept ImportError:\n    value = 'pure'",
    [`${SITE}/twin/_fast.cpython-311-darwin.so`]: "native code",
    [`${SITE}/twin/whole.py`]: "from . import _fast",
    [`${SITE}/both.py`]: "value = 'pure'",
    [`${SITE}/both.abi3.so`]: "native code",
    [`${SITE}/space/part/module.py`]: "value = 'namespace'",
    [`${SITE}/json.py`]: "raise RuntimeError('the standard library comes first')",
    ...files,
  });
}

Deno.test("packages come with data, metadata, dynamic imports and twins", async () => {
  using folder = environment({
    "src/main.py": `
import json
import importlib.metadata as metadata
import shop, twin, both
from space.part import module
from capsule import task

@task
def child(): return shop.prices.PRICE + 1

@task
def main():
    try:
        import native
    except ModuleNotFoundError as error:
        missing = str(error)
    try:
        from twin import whole
    except ImportError as error:
        missing_part = str(error)
    entry, = metadata.entry_points(group="shop.plugins")
    return [shop.TABLE, shop.BESIDE, shop.lazily(), metadata.version("shop"), entry.load(),
            twin.value, both.value, module.value, missing, missing_part, child()["result"], shop.__file__]`,
  });
  const { result, error } = await run({ file: "src/main.py", cwd: folder.path });
  assertEquals(error, null, error?.stack);
  assertEquals(result, [
    "a table",
    "a table",
    "later",
    "1.2.3",
    5,
    "pure",
    "pure",
    "namespace",
    "Cannot import 'native': native.cpython-312-x86_64-linux-gnu.so is native code, which a sandbox " +
    "cannot run",
    "Cannot import 'twin._fast': _fast.cpython-311-darwin.so is native code, which a sandbox cannot run",
    6,
    "/.capsule/packages/shop/__init__.py",
  ]);
});

Deno.test("a package that changes is read anew, and one that does not is loaded once", async () => {
  using folder = environment({
    "main.py": `
import time
try:
    import extra
except ImportError:
    extra = None
import shop.prices
LOADED = time.time_ns()
def main(): return [shop.prices.PRICE, extra and extra.value, LOADED]`,
  });
  const ask = async () => {
    // What was written in the last moments is not kept.
    await new Promise((resolve) => setTimeout(resolve, 50));
    const { result, error } = await run<unknown[]>({ file: "main.py", cwd: folder.path });
    assertEquals(error, null, error?.message);
    return result!;
  };
  const first = await ask();
  assertEquals(first.slice(0, 2), [5, null]);
  assertEquals(await ask(), first, "from the image");
  folder.write(`${SITE}/shop/prices.py`, "PRICE = 17");
  const second = await ask();
  assertEquals([second[0], second[2] === first[2]], [17, false]);
  assertEquals(await ask(), second);
  folder.write(`${SITE}/extra.py`, "value = 'new'");
  assertEquals((await ask()).slice(0, 2), [17, "new"]);
  folder.write("unrelated.txt", "");
  assertEquals((await ask()).slice(0, 2), [17, "new"]);
});

Deno.test("packages are read-only, and nobody's but the program's", async () => {
  using folder = environment({
    "main.py": `
import os, shop
from capsule import task
@task
def main():
    out = []
    for attempt in (lambda: open(shop.__file__, "w"), lambda: os.remove(shop.__file__),
                    lambda: open("/.capsule/packages/../../capsule.toml"), lambda: open("/.capsule/new", "w")):
        try: out.append(str(attempt()))
        except OSError as error: out.append(type(error).__name__)
    return out`,
  });
  const { result } = await run({ file: "main.py", cwd: folder.path });
  assertEquals(result, [
    "PermissionError",
    "PermissionError",
    "PermissionError",
    "FileNotFoundError",
  ]);
});

Deno.test("VIRTUAL_ENV is the environment, and editable packages of the project count", async () => {
  using other = environment({ [`${SITE}/shop/prices.py`]: "PRICE = 99" });
  using folder = environment({
    "src/own/__init__.py": "value = 'editable'",
    "main.py": "import shop\ndef main():\n    try:\n        import own\n        own = own.value\n" +
      "    except ImportError:\n        own = None\n    return [shop.prices.PRICE, own]",
  });
  folder.write(`${SITE}/own.pth`, `${folder.path}/src\n# a comment\nimport os\n/etc\n`);
  assertEquals((await run({ file: "main.py", cwd: folder.path })).result, [5, "editable"]);
  Deno.env.set("VIRTUAL_ENV", `${other.path}/.venv`);
  try {
    assertEquals((await run({ file: "main.py", cwd: folder.path })).result, [99, null]);
  } finally {
    Deno.env.delete("VIRTUAL_ENV");
  }
});

Deno.test("code has the packages of its project, too", async () => {
  using folder = environment();
  await using program = await open({
    code: "import shop\ndef main(): return shop.prices.PRICE",
    language: "python",
    cwd: folder.path,
  });
  assertEquals((await program.call("main")).result, 5);
});

Deno.test("packages that hardly use a missing module have a stand-in, and nobody else", async () => {
  using folder = environment({
    [`${SITE}/sympy/__init__.py`]: "",
    [`${SITE}/sympy/external/__init__.py`]: "",
    [`${SITE}/sympy/external/gmpy.py`]:
      "from ctypes import c_long, sizeof\nLONG_MAX = 2 ** (8 * sizeof(c_long) - 1) - 1",
    "main.py": `
from sympy.external import gmpy
def main():
    try:
        import ctypes
    except ModuleNotFoundError as error:
        return [gmpy.LONG_MAX, str(error)]`,
  });
  const { result, error } = await run({ file: "main.py", cwd: folder.path });
  assertEquals(error, null, error?.stack);
  assertEquals(result, [
    2 ** 31 - 1,
    "No module named 'ctypes': ctypes calls native code, which a sandbox never does",
  ]);
});

Deno.test("what a package imports late is imported with the program", async () => {
  using folder = environment({
    [`${SITE}/httpx.py`]: "",
    [`${SITE}/httpcore.py`]: "print('imported')",
    "main.py": "import httpx, sys\ndef main(): return 'httpcore' in sys.modules",
  });
  assertEquals((await run({ file: "main.py", cwd: folder.path })).result, true);
});
