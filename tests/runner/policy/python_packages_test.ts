/** Packages of a virtual environment: made by hand here, so that nothing need be installed. */
import { assertEquals, assertRejects, assertStringIncludes } from "../../support/assert.ts";
import { type Project, project, runOrThrow as run } from "../../support/support.ts";
import { CapsuleError, open } from "@capsule/sdk/runner";
import { build } from "../../../runner/build.ts";

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

Deno.test("packages are read-only, and visible to their program only", async () => {
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
  for (const policy of ["declared", "none"] as const) {
    await using program = await open({
      code: "import shop\ndef main(): return shop.prices.PRICE",
      language: "python",
      cwd: folder.path,
      policy,
    });
    assertEquals((await program.call("main")).result, 5);
  }
});

Deno.test("a missing module has a stand-in only for packages that hardly use it", async () => {
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

Deno.test("a package's late imports are imported with the program", async () => {
  using folder = environment({
    [`${SITE}/httpx.py`]: "",
    [`${SITE}/httpcore.py`]: "print('imported')",
    "main.py": "import httpx, sys\ndef main(): return 'httpcore' in sys.modules",
  });
  assertEquals((await run({ file: "main.py", cwd: folder.path })).result, true);
});

/** Files beside a package, and whether a program sees them. */
const BESIDE = `
import os
PATHS = ["flat/secrets.json", "flat/data/rows.csv", "flat/flat/sub/deep.py", "finder/notes.txt", "nothing/notes.txt"]
def main():
    found = []
    for n in range(9):
        shelf = "/.capsule/packages" + (f"-{n}" if n else "")
        for path in PATHS:
            for tried in (path, path.partition("/")[2], "flat/../" + path.partition("/")[2]):
                try: open(f"{shelf}/{tried}").close()
                except OSError: continue
                found.append(tried)
    return sorted(found)`;

/** A project with one package, and things that are nobody's. */
const PROJECT = {
  "flat/flat/__init__.py": "value = 'flat'",
  "flat/flat/sub/deep.py": "value = 'deep'",
  "flat/secrets.json": "{}",
  "flat/setup.py": "",
  "flat/data/rows.csv": "1",
};

Deno.test("the host's own environment can point elsewhere, to packages only", async () => {
  using elsewhere = project({
    ...PROJECT,
    "src/own/__init__.py": "value = 'own'",
    "src/single.py": "value = 'single'",
    "src/own.egg-info/PKG-INFO": "",
    "finder/found/__init__.py": "value = 'found'",
    "finder/found/more.py": "value = 'more'",
    "finder/notes.txt": "",
    "nothing/notes.txt": "",
  });
  using host = project({
    "env/pyvenv.cfg": "",
    [`env/${SITE.slice(6)}/a.pth`]: ["flat", "src", "nothing", "missing"]
      .map((name) => `${elsewhere.path}/${name}`).join("\n"),
    [`env/${SITE.slice(6)}/__editable___found_1_finder.py`]:
      `MAPPING: dict[str, str] = {'found': '${elsewhere.path}/finder/found', 'gone': '/gone'}\n`,
  });
  using folder = project({ "main.py": "" });
  const code = `
import flat.sub.deep, own, single, found.more, importlib.resources
def main():
    return [flat.value, flat.sub.deep.value, own.value, single.value, found.value, found.more.value,
            importlib.resources.files("found").joinpath("more.py").is_file()]`;
  Deno.env.set("VIRTUAL_ENV", `${host.path}/env`);
  try {
    for (const policy of ["none", "declared"] as const) {
      const options = { language: "python", cwd: folder.path, policy } as const;
      const { result, error } = await run({ code, ...options });
      assertEquals(error, null, error?.message);
      assertEquals(result, ["flat", "deep", "own", "single", "found", "more", true]);
      const beside = await run({ code: BESIDE, ...options });
      assertEquals(beside.result, ["flat/sub/deep.py"]);
    }
  } finally {
    Deno.env.delete("VIRTUAL_ENV");
  }
});

Deno.test("packages are found by the Python that started the host", async () => {
  using python = project({ ...PROJECT, "site/installed.py": "value = 'installed'" });
  using folder = environment();
  const code = `
import flat, installed
def main():
    try: import shop
    except ModuleNotFoundError: return [flat.value, installed.value]
    return [flat.value, installed.value, shop.prices.PRICE]`;
  const paths = [
    { folder: `${python.path}/site`, whole: true },
    { folder: `${python.path}/flat/flat`, module: "flat" },
    { folder: `${python.path}/flat/data`, module: "../../data" },
    { folder: "relative" },
    { folder: 5 },
  ];
  Deno.env.set("CAPSULE_PYTHON_PACKAGES", JSON.stringify(paths));
  try {
    const options = { code, language: "python", cwd: folder.path } as const;
    // The project's come first, and those of the folder are no stranger's business.
    assertEquals((await run({ ...options, policy: "declared" })).result, ["flat", "installed", 5]);
    assertEquals((await run({ ...options, policy: "none" })).result, ["flat", "installed"]);
    folder.write("main.py", "def main():\n  import installed");
    const confined = await run({ file: "main.py", cwd: folder.path, policy: "none" });
    assertEquals(
      confined.error?.error_type,
      "task_error",
      "a stranger's file has its own packages",
    );
    Deno.env.set("CAPSULE_PYTHON_PACKAGES", "no JSON");
    assertEquals((await run({ ...options, code: "def main(): return 1" })).result, 1);
  } finally {
    Deno.env.delete("CAPSULE_PYTHON_PACKAGES");
  }
});

Deno.test("a component takes a package along whose folder is granted alone", async () => {
  using python = project(PROJECT);
  using folder = project({
    "main.py": "import flat.sub.deep\ndef main(): return [flat.value, flat.sub.deep.value]",
  });
  const paths = [{ folder: `${python.path}/flat` }];
  Deno.env.set("CAPSULE_PYTHON_PACKAGES", JSON.stringify(paths));
  try {
    for (const thin of [true, false]) {
      const built = await build({ file: "main.py", cwd: folder.path, thin });
      Deno.env.delete("CAPSULE_PYTHON_PACKAGES");
      const { result, error } = await run({ file: built.path, cwd: folder.path });
      assertEquals(error, null, error?.message);
      assertEquals(result, ["flat", "deep"]);
      Deno.env.set("CAPSULE_PYTHON_PACKAGES", JSON.stringify(paths));
    }
  } finally {
    Deno.env.delete("CAPSULE_PYTHON_PACKAGES");
  }
});

Deno.test("where a module is not found, the hint says where packages were looked for", async () => {
  const hintFor = async (cwd: string) => {
    const code = "import missing_here\ndef main(): return 1";
    const failing = { code, language: "python", cwd } as const;
    const error = await assertRejects(() => open(failing), CapsuleError, "missing_here");
    return error.hint;
  };
  using folder = environment();
  assertEquals(
    await hintFor(folder.path),
    `packages were looked for in ${Deno.realPathSync(folder.path)}/${SITE}`,
  );
  using empty = project({});
  assertStringIncludes((await hintFor(empty.path))!, "there are no packages: VIRTUAL_ENV is not");
});
