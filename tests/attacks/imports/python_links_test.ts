/** Modules that a stranger's Python program has linked to the user's own files, or made of what is no file. */
import { assertEquals, assertStringIncludes, assertTrue } from "../../support/assert.ts";
import { type Project, project, warmEngines } from "../../support/support.ts";
import { compile } from "../../support/compile.ts";
import { CapsuleError } from "../../../errors/error.ts";
import { HOSTS } from "../hosts.ts";

await warmEngines();

const SECRET = "hunter2";
const REFUSED = ["invalid_program"];

function workspace(main: string): Project {
  return project({
    "home/.bashrc": `export TOKEN=${SECRET}\nalias x=y z\n`,
    "home/settings.py": `PASSWORD = "${SECRET}"`,
    "home/__init__.py": `PASSWORD = "${SECRET}"`,
    "home/deep/settings.py": `PASSWORD = "${SECRET}"`,
    "repo/above.py": `PASSWORD = "${SECRET}"`,
    "repo/src/real/inner.py": "VALUE = 'inner'",
    "repo/src/main.py": main,
  });
}

function makePipe(path: string): void {
  const { success } = new Deno.Command("mkfifo", { args: [path] }).outputSync();
  assertTrue(success, `mkfifo ${path}`);
}

interface Variant {
  imports: string;
  /** In the folder of the program. */
  make(folder: string): void;
  /** A part of the message. */
  says: string;
}

const link = (target: string, name: string) => (folder: string) =>
  Deno.symlinkSync(target, `${folder}/${name}`);

const VARIANTS: Record<string, Variant> = {
  "a module linked to a file of the user's": {
    imports: "import leak",
    make: link("../../home/.bashrc", "leak.py"),
    says: 'main.py:1:1: Cannot import "leak.py"',
  },
  "a module linked to a module elsewhere, by an absolute path": {
    imports: "x = 1; import settings",
    make: (folder) => Deno.symlinkSync(`${folder}/../../home/settings.py`, `${folder}/settings.py`),
    says: 'main.py:1:8: Cannot import "settings.py"',
  },
  "a module linked to the folder above": {
    imports: "import above",
    make: link("../above.py", "above.py"),
    says: "it leads out of its folder",
  },
  "a package linked elsewhere": {
    imports: "from pkg import settings",
    make: link("../../home", "pkg"),
    says: 'Cannot import "pkg"',
  },
  "a namespace linked elsewhere, and read below": {
    imports: "import pkg.settings",
    make: link("../../home/deep", "pkg"),
    says: 'Cannot import "pkg"',
  },
  "a package whose folder inside is linked elsewhere": {
    imports: "from real.far import settings",
    make: link("../../../home/deep", "real/far"),
    says: 'Cannot import "real/far"',
  },
  "a package whose __init__.py is linked elsewhere": {
    imports: "import real",
    make: link("../../../home/settings.py", "real/__init__.py"),
    says: "it leads out of its folder",
  },
  "a module of a package, imported by its neighbour": {
    imports: "import real.neighbour",
    make(folder) {
      Deno.writeTextFileSync(`${folder}/real/neighbour.py`, "\nfrom . import leak");
      Deno.symlinkSync("../../../home/settings.py", `${folder}/real/leak.py`);
    },
    says: 'neighbour.py:2:1: Cannot import "real/leak.py"',
  },
  "a chain of links": {
    imports: "import leak",
    make(folder) {
      Deno.symlinkSync("../../home", `${folder}/one`);
      Deno.symlinkSync("one/settings.py", `${folder}/two`);
      Deno.symlinkSync("two", `${folder}/leak.py`);
    },
    says: "it leads out of its folder",
  },
  "a device": {
    imports: "import leak",
    make: link("/dev/zero", "leak.py"),
    says: "Cannot import",
  },
  "the environment of the host": {
    imports: "import leak",
    make: link("/proc/self/environ", "leak.py"),
    says: "Cannot import",
  },
  "a pipe": {
    imports: "import leak",
    make: (folder) => makePipe(`${folder}/leak.py`),
    says: "it is not a regular file",
  },
  "a package that begins with a pipe": {
    imports: "import real",
    make: (folder) => makePipe(`${folder}/real/__init__.py`),
    says: "it is not a regular file",
  },
  "a socket": {
    imports: "import leak",
    make(folder) {
      const script = "import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])";
      const args = ["-c", script, `${folder}/leak.py`];
      assertTrue(new Deno.Command("python3", { args }).outputSync().success, "no socket");
    },
    says: "Cannot import",
  },
  "a link to itself": {
    imports: "import leak",
    make: link("leak.py", "leak.py"),
    says: 'Cannot import "leak.py"',
  },
  "links to each other": {
    imports: "import leak",
    make(folder) {
      Deno.symlinkSync("other", `${folder}/leak.py`);
      Deno.symlinkSync("leak.py", `${folder}/other`);
    },
    says: 'Cannot import "leak.py"',
  },
  "a package that is a link to itself": {
    imports: "import leak.a.b",
    make: link("leak", "leak"),
    says: 'Cannot import "leak"',
  },
  "a file of a terabyte": {
    imports: "import leak",
    make(folder) {
      using file = Deno.openSync(`${folder}/leak.py`, { create: true, write: true });
      file.truncateSync(2 ** 40);
    },
    says: "it is larger than",
  },
};

/** Nothing of these is anybody's module. */
const ABSENT: Record<string, { imports: string; make(folder: string): void }> = {
  "a link to nothing": { imports: "import leak", make: link("../../home/none.py", "leak.py") },
  "a folder in place of a file": {
    imports: "import leak",
    make: (folder) => Deno.mkdirSync(`${folder}/leak.py`),
  },
  "a module above the program": { imports: "import above", make: () => {} },
  "a package above the program": { imports: "from .. import above", make: () => {} },
};

for (const [host, ask] of Object.entries(HOSTS)) {
  Deno.test(`${host}: a module that leads elsewhere, or is no file, is refused where it is imported`, async (step) => {
    for (const [name, { imports, make, says }] of Object.entries(VARIANTS)) {
      await step.step(name, async () => {
        using folder = workspace(`${imports}\ndef main(): return 1`);
        make(`${folder.path}/repo/src`);
        const options = {
          file: "src/main.py",
          cwd: `${folder.path}/repo`,
          policy: "none",
        } as const;
        const answer = await ask(options);
        assertTrue(REFUSED.includes(answer.problem!), JSON.stringify(answer));
        assertStringIncludes(answer.message, says);
        assertTrue(!JSON.stringify(answer).includes(SECRET), answer.message);
      });
    }
  });
}

Deno.test("what is no module, and what lies above the program, is as if it were not there", async (step) => {
  for (const [name, { imports, make }] of Object.entries(ABSENT)) {
    await step.step(name, async () => {
      const main = `
def main():
    try:
        ${imports}
    except ImportError as error:
        return type(error).__name__
    except BaseException as error:
        return repr(error)`;
      using folder = workspace(main);
      make(`${folder.path}/repo/src`);
      const options = { file: "src/main.py", cwd: `${folder.path}/repo`, policy: "none" } as const;
      const { result, message } = await HOSTS["this process"]!(options);
      assertTrue(
        ["ImportError", "ModuleNotFoundError"].includes(result as string),
        `${result}${message}`,
      );
    });
  }
});

Deno.test("links inside of the program's folder are followed, and the folder may be called by a link", async () => {
  using folder = workspace(
    "from alias import inner\nimport same\ndef main(): return [inner.VALUE, same.VALUE]",
  );
  Deno.symlinkSync("real", `${folder.path}/repo/src/alias`);
  Deno.symlinkSync("real/inner.py", `${folder.path}/repo/src/same.py`);
  Deno.symlinkSync("repo", `${folder.path}/called`);
  for (const cwd of ["repo", "called"]) {
    const options = { file: "src/main.py", cwd: `${folder.path}/${cwd}`, policy: "none" } as const;
    const { result, message } = await HOSTS["this process"]!(options);
    assertEquals([result, message], [["inner", "inner"], ""]);
  }
});

Deno.test("text whose author is not trusted imports no local file, linked or not", async () => {
  using folder = workspace("");
  link("../../home/settings.py", "settings.py")(`${folder.path}/repo/src`);
  const code = `
def main():
    found = []
    for name in ("settings", "main", "real.inner"):
        try: found.append(__import__(name).__dict__.get("PASSWORD", "imported"))
        except ImportError: found.append(None)
    return found`;
  const options = {
    code,
    language: "python",
    cwd: `${folder.path}/repo/src`,
    policy: "none",
  } as const;
  for (const [host, ask] of Object.entries(HOSTS)) {
    const { result, message } = await ask(options);
    const [settings, , inner] = result as unknown[];
    assertEquals([settings, inner], [null, null], `${host}: ${message}`);
  }
});

Deno.test("a program of very many modules, or of a very long chain of them, ends with what it is", async () => {
  using folder = workspace("import m0\ndef main(): return 1");
  const path = `${folder.path}/repo/src`;
  const options = { file: "main.py", cwd: path, policy: "none" } as const;
  const ask = HOSTS["this process"]!;
  for (let index = 0; index <= 20_000; index++) {
    Deno.writeTextFileSync(`${path}/m${index}.py`, `import m${index + 1}`);
  }
  let ticks = 0;
  const timer = setInterval(() => ticks++, 10);
  const answer = await ask(options);
  clearInterval(timer);
  assertTrue(REFUSED.includes(answer.problem!), answer.message);
  assertStringIncludes(answer.message, "more than 20000 modules");
  assertTrue(ticks > 5, "nobody else has a turn");
});

Deno.test("a module that is swapped for a link while it is read gives nothing of what the link leads to", async () => {
  using folder = workspace("import leak, pkg.settings\ndef main(): return 1");
  const path = `${folder.path}/repo/src`;
  Deno.mkdirSync(`${path}/pkg`);
  for (const name of ["leak.py", "pkg/settings.py"]) {
    Deno.writeTextFileSync(`${path}/${name}`, "VALUE = 1");
  }
  const swapper = new Deno.Command("sh", {
    args: ["-c", SWAP],
    cwd: path,
    stdin: "piped",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const found = { collected: 0, refused: 0 };
  try {
    for (const untilMs = performance.now() + 2000; performance.now() < untilMs;) {
      try {
        const { program } = await compile({
          file: `${path}/main.py`,
          root: path,
          isConfined: true,
        });
        const texts = program.files.map(({ data }) => new TextDecoder().decode(data));
        assertTrue(!texts.join().includes(SECRET), "a secret");
        found.collected++;
      } catch (error) {
        if (!(error instanceof CapsuleError)) throw error;
        assertTrue(!error.message.includes(SECRET), error.message);
        found.refused++;
      }
    }
  } finally {
    await swapper.stdin.close();
    await swapper.status;
  }
  assertTrue(found.collected > 0 && found.refused > 0, JSON.stringify(found));
});

/** Until standard input ends, files and folders turn into links and back. */
const SWAP = `
ln -s ../../home/settings.py link.py
ln -s ../../home linked
cp leak.py plain.py
cp -r pkg folder
while :; do
  cp -P link.py a.tmp; mv a.tmp leak.py
  mv -T pkg away; mv -T linked pkg
  cp plain.py b.tmp; mv b.tmp leak.py
  mv -T pkg linked; mv -T away pkg
done & loop=$!
cat > /dev/null
kill $loop`;

Deno.test("names without end, and names that name no file, cost no more than their length", async () => {
  const long = "a.".repeat(100_000);
  const names = [
    `import ${long}a`,
    `from ${long}a import ${"b, ".repeat(100_000)}b`,
    `from ${".".repeat(100_000)} import a`,
    `from real import ${"b, ".repeat(100_000)}b`,
    `import ${"a".repeat(100_000)}`,
    `import a\\\0b, real.inner`,
  ];
  using folder = workspace(`if 0:\n  ${names.join("\n  ")}\ndef main(): return 1`);
  const startedMs = performance.now();
  await HOSTS["this process"]!({ file: "src/main.py", cwd: `${folder.path}/repo`, policy: "none" });
  assertTrue(performance.now() - startedMs < 5000, "it takes too long");
});
