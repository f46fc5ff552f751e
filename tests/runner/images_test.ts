/** Programs that are loaded once, and what becomes of the files that their images are kept in. */
import { assertEquals, assertTrue } from "../support/assert.ts";
import { memoryBytes } from "../support/processes.ts";
import { CACHE, cli, project, runOrThrow as run, startCli } from "../support/support.ts";
import { open, type RunEvent } from "@capsule/sdk/runner";

const SDK = `import { task } from "@capsule/sdk";\n`;
const IMAGES = `${CACHE}/images`;

/** The time at which top-level code ran: the same as long as it comes from one image. */
const DRAWN = {
  "main.ts": `${SDK}const drawn = Date.now();\ntask({ name: "main" }, () => drawn);`,
  "main.py":
    `import time\nfrom capsule import task\ndrawn = time.time()\n@task\ndef main(): return drawn`,
};

function imageFiles(): Set<string> {
  return new Set(Array.from(Deno.readDirSync(IMAGES), ({ name }) => name));
}

/** What was written just now is not kept, in case it is written once more at the same moment. */
function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 50));
}

/** Runs a program whose image nobody has, and finds the file of that. */
async function imageOf(path: string, file: string): Promise<{ image: string; drawn: unknown }> {
  await settle();
  const before = imageFiles();
  const { result } = await run({ file, cwd: path });
  for (let left = 200; left > 0; left--) {
    const seal = [...imageFiles()].find((name) => !before.has(name) && name.endsWith(".seal"));
    if (seal) return { image: `${IMAGES}/${seal.slice(0, -".seal".length)}`, drawn: result };
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error("no image was kept");
}

/** A program that no other run of the tests has loaded. */
function fresh(code: string): string {
  const isPython = code.includes("def main");
  return `${code}\n${isPython ? "serial" : "globalThis.serial"} = "${crypto.randomUUID()}";`;
}

Deno.test("the image of a program has only its own changes, also with installed packages", async () => {
  using folder = project({
    "main.py": fresh("import json\ndef main(): return json.dumps([1])"),
    ".venv/pyvenv.cfg": "home = /usr/bin\n",
    ".venv/lib/python3.12/site-packages/one.py": "ONE = 1\n",
  });
  const { image } = await imageOf(folder.path, "main.py");
  const megabytes = Deno.statSync(image).size / 1e6;
  // To look at the standard library's modules adds 6.
  assertTrue(megabytes < 4, `${megabytes} MB`);
});

Deno.test("an image that was tampered with is made again, never used", async () => {
  for (const [file, code] of Object.entries(DRAWN)) {
    using folder = project({ [file]: fresh(code) });
    using other = project({ [file]: fresh(code) });
    using foreign = project({ "main.ts": fresh(DRAWN["main.ts"]), "main.py": DRAWN["main.py"] });
    const { image, drawn } = await imageOf(folder.path, file);
    const others = await imageOf(other.path, file);
    const otherEngines = await imageOf(foreign.path, "main.ts");
    let last = drawn;
    assertEquals((await run({ file, cwd: folder.path })).result, last, "from the image");

    const content = Deno.readFileSync(image);
    const replace = (from: string, seals: boolean) => {
      Deno.copyFileSync(from, image);
      if (seals) Deno.copyFileSync(`${from}.seal`, `${image}.seal`);
    };
    const flip = (offset: number) => {
      const changed = Deno.readFileSync(image);
      changed[offset]! ^= 1;
      Deno.writeFileSync(image, changed);
    };
    const damages: Record<string, () => void> = {
      "cut to nothing": () => Deno.truncateSync(image, 0),
      "cut in its header": () => Deno.truncateSync(image, 20),
      "cut in its pages": () => Deno.truncateSync(image, content.length - 4096),
      "a byte of the header": () => flip(30),
      "a byte of a page": () => flip(content.length - 5000),
      "another program's": () => replace(others.image, false),
      "another program's, sealed": () => replace(others.image, true),
      "another engine's, sealed": () => replace(otherEngines.image, true),
      "removed": () => Deno.removeSync(image),
      "its seal removed": () => Deno.removeSync(`${image}.seal`),
      "its seal broken": () => Deno.writeTextFileSync(`${image}.seal`, "{"),
      "for others to write": () => Deno.chmodSync(image, 0o666),
    };
    for (const [what, damage] of Object.entries(damages)) {
      damage();
      const seal = Deno.readTextFileSync(`${others.image}.seal`);
      const envelope = await run({ file, cwd: folder.path });
      assertEquals(envelope.error, null, `${file}, ${what}`);
      assertEquals(Deno.readTextFileSync(`${others.image}.seal`), seal);
      assertTrue(
        typeof envelope.result === "number" && envelope.result !== last &&
          envelope.result !== others.drawn,
        `${file}, ${what}: ${envelope.result} comes from an image`,
      );
      last = envelope.result;
      // It is written again in the background: the next run may still load, and draw anew.
      for (let left = 200;; left--) {
        const next = (await run({ file, cwd: folder.path })).result;
        if (next === last) break;
        last = next;
        assertTrue(left > 0, `${file}, ${what}: no image is kept again`);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    }
  }
});

Deno.test("an image that is removed while it is in use serves on", async () => {
  using folder = project({ "main.ts": fresh(DRAWN["main.ts"]) });
  const { image, drawn } = await imageOf(folder.path, "main.ts");
  await using program = await open({ file: "main.ts", cwd: folder.path });
  Deno.removeSync(image);
  for (let call = 0; call < 10; call++) {
    assertEquals((await program.call("main")).result, drawn);
  }
});

Deno.test("a process that is killed while it writes an image harms nobody", async () => {
  using folder = project();
  for (let round = 0; round < 12; round++) {
    // Large enough that writing takes a while.
    folder.write(
      "main.py",
      `TABLE = {n: str(n) for n in range(40_000)}\ndef main(): return ${round}`,
    );
    await settle();
    const child = startCli(["run", "main.py"], { cwd: folder.path });
    await new Promise((resolve) => setTimeout(resolve, 60 + 25 * round));
    try {
      child.kill("SIGKILL");
    } catch {
      // It was faster.
    }
    await child.output();
    await child.stdin.close().catch(() => {});
    const { status, stdout } = await cli(["run", "main.py"], { cwd: folder.path });
    assertEquals([status, stdout], [0, `${round}\n`]);
  }
});

Deno.test("output of top-level code is shown once by every process", async () => {
  for (
    const [file, code] of [
      [
        "main.ts",
        `${SDK}console.log("top"); console.error("level");\ntask({ name: "main" }, () => 1);`,
      ],
      [
        "main.py",
        `import random, sys\nprint("top")\nprint("level", file=sys.stderr)\ndef main(): return 1`,
      ],
    ] as const
  ) {
    using folder = project({ [file]: fresh(code) });
    await settle();
    for (let process = 0; process < 3; process++) {
      assertEquals(await cli(["run", file], { cwd: folder.path }), {
        status: 0,
        stdout: "top\n1\n",
        stderr: "level\n",
      });
    }
    const events: RunEvent[] = [];
    const onEvent = (event: RunEvent) => events.push(event);
    await using program = await open({ file, cwd: folder.path, onEvent });
    for (let call = 0; call < 3; call++) await program.call("main", [], { onEvent });
    assertEquals(events.filter(({ type }) => type === "output").length, 2);
  }
});

const PACKAGES = ".venv/lib/python3.12/site-packages";

Deno.test("an image is not used once anything that its load has looked at has changed", async () => {
  // What it looks at, how that is changed, and what is seen before and after.
  const cases = {
    "a module": ["part", "part.py", "V = 'old'", "V = 'new'"],
    "data that a module reads": ["reader", "table.txt", "old", "new"],
    "a module that fails": ["failing", "broken.py", "raise ImportError", "V = 'new'"],
    "a module that puts another in its place": [
      "posing",
      "posing.py",
      posing("old"),
      posing("new"),
    ],
    "a module that is forgotten": ["forgetful", "gone.py", "V = 'old'", "V = 'new'"],
    "a module that was not there": ["hopeful", "space/plug.py", undefined, "V = 'new'"],
    "a file that is asked for": ["asking", "space/asked.txt", undefined, ""],
    "a folder that is listed": ["lister", "listed/new", undefined, ""],
  } as const;
  const modules: Record<string, string> = {
    "reader.py":
      "from pathlib import Path\nV = Path(__file__).with_name('table.txt').read_text().strip()",
    "failing.py": "try: from broken import V\nexcept ImportError: V = 'old'",
    "forgetful.py": "import sys\nfrom gone import V\ndel sys.modules['gone']",
    "hopeful.py": "try: from space.plug import V\nexcept ImportError: V = 'old'",
    "lister.py": "import os\nV = (os.listdir(f'{os.path.dirname(__file__)}/listed') or ['old'])[0]",
    "asking.py":
      "import os\nV = 'new' if os.path.exists(f'{os.path.dirname(__file__)}/space/asked.txt') else 'old'",
    "space/other.py": "",
    "listed/.keep": "",
  };
  for (const [name, [module, file, before, after]] of Object.entries(cases)) {
    using folder = project({
      "main.py": fresh(`import ${module}\ndef main(): return ${module}.V`),
      ".venv/pyvenv.cfg": "home = /usr/bin\n",
      ...Object.fromEntries(
        Object.entries(modules).map(([path, text]) => [`${PACKAGES}/${path}`, text]),
      ),
      ...(before === undefined ? {} : { [`${PACKAGES}/${file}`]: before }),
    });
    const { path } = folder;
    await Deno.remove(`${path}/${PACKAGES}/listed/.keep`);
    await imageOf(path, "main.py");
    const result = async () => (await run({ file: "main.py", cwd: path })).result;
    assertEquals(await result(), "old", name);
    await Deno.writeTextFile(`${path}/${PACKAGES}/${file}`, after);
    assertEquals(await result(), "new", name);
  }
});

/** A module in whose place something else stands, that has no file. */
function posing(value: string): string {
  return `import sys\nclass Other: V = '${value}'\nsys.modules[__name__] = Other`;
}

Deno.test("a package that changes while its program is loaded is loaded again", async () => {
  using folder = project({
    "main.py": fresh("import early, slow\ndef main(): return early.V"),
    ".venv/pyvenv.cfg": "home = /usr/bin\n",
    [`${PACKAGES}/early.py`]: "V = 'old'",
    [`${PACKAGES}/slow.py`]: "for _ in range(3_000_000): pass",
  });
  await settle();
  const first = run({ file: "main.py", cwd: folder.path });
  await settle();
  await Deno.writeTextFile(`${folder.path}/${PACKAGES}/early.py`, "V = 'new'");
  await first;
  await settle();
  assertEquals((await run({ file: "main.py", cwd: folder.path })).result, "new");
});

/** Programs that hold some of megabytes at top level, and tell how many bytes. */
const LARGE = {
  typescript: (megabytes: number) =>
    fresh(`${SDK}const all = new Uint8Array(${megabytes}e6).fill(1);
      task({ name: "main" }, () => all.length);`),
  python: (megabytes: number) =>
    fresh(`all = bytes([1]) * ${megabytes}_000_000\ndef main(): return len(all)`),
};
const SMALL = {
  typescript: () => fresh(`${SDK}task({ name: "main" }, () => 1);`),
  python: () => fresh("def main(): return 1"),
};
const LANGUAGES = ["typescript", "python"] as const;

Deno.test("a program of any size runs after many of another", async () => {
  for (const language of LANGUAGES) {
    for (let i = 0; i < 12; i++) await run({ code: SMALL[language](), language });
    await settle();
    for (const megabytes of [1, 2, 5, 3, 1]) {
      await using program = await open({ code: LARGE[language](megabytes), language });
      for (let i = 0; i < 5; i++) {
        const { result, error } = await program.call("main");
        assertEquals([result, error], [megabytes * 1e6, null], `${language} ${megabytes} ${i}`);
      }
      const { result } = await run({ code: SMALL[language](), language });
      assertEquals(result, 1);
    }
  }
});

Deno.test("a program weighs the same whatever has run before it", async () => {
  // A worker has run nothing else.
  const isolation = "process";
  for (const language of LANGUAGES) {
    await using large = await open({ code: LARGE[language](20), language, isolation });
    for (let i = 0; i < 4; i++) assertEquals((await large.call("main")).result, 20e6);
    // Instances are made ahead meanwhile.
    await new Promise((resolve) => setTimeout(resolve, 200));
    const weigh = async () => {
      const { execution } = await run({ code: SMALL[language](), language, isolation });
      return execution.ram_used;
    };
    const weighed = [await weigh(), await weigh(), await weigh(), await weigh()];
    const alone = (await run({ code: SMALL[language](), language })).execution.ram_used;
    for (const each of weighed) {
      assertTrue(Math.abs(each - alone) < 2e6, `${language}: ${weighed}, alone ${alone}`);
    }
  }
});

Deno.test("clocks are right in every call, not those of the load", async () => {
  const programs = [
    [
      "javascript",
      `${SDK}const loaded = Date.now();
      task({ name: "main" }, () => [loaded, Date.now(), new Date().getTime()]);`,
    ],
    [
      "python",
      `
import datetime, time
loaded = time.time()
def main():
    first = time.monotonic()
    time.sleep(0.02)
    slept = time.monotonic() - first
    assert 0.015 < slept < 2, slept
    now = datetime.datetime.now(datetime.timezone.utc).timestamp()
    return [loaded * 1000, time.time() * 1000, now * 1000]`,
    ],
  ] as const;
  for (const [language, code] of programs) {
    await using program = await open({ language, code });
    await new Promise((resolve) => setTimeout(resolve, 300));
    const { result, error } = await program.call<number[]>("main");
    assertEquals(error, null);
    const [loaded, ...now] = result!;
    for (const clock of now) {
      assertTrue(Math.abs(clock - Date.now()) < 200, `${language}: ${clock} is not ${Date.now()}`);
      assertTrue(clock - loaded! >= 290, `${language}: ${clock} is the clock of the load`);
    }
  }
});

Deno.test("500 calls at once that change all they can see no changes of each other", async () => {
  const programs = [
    [
      "javascript",
      `${SDK}
      const state = { calls: 0, list: [] as number[] };
      const marks = () => [
        state.calls, state.list.length, (globalThis as any).mark, (Array.prototype as any).mark,
        JSON.parse.name, Math.max(1, 2), "x".repeat(2), typeof Map, new Error("e").message,
      ];
      task({ name: "main" }, async (n: number) => {
        const before = marks();
        state.calls++;
        state.list.push(...Array.from({ length: 2_000 }, () => n));
        (globalThis as any).mark = n;
        (Array.prototype as any).mark = n;
        JSON.parse = function changed() { return n; } as any;
        Math.max = () => n;
        String.prototype.repeat = () => "changed";
        (globalThis as any).kept = new Uint8Array(2_000_000).fill(n);
        await new Promise((resolve) => setTimeout(resolve, n % 20));
        const own = state.list.every((value) => value === n) && (globalThis as any).mark === n;
        return [before, own];
      });`,
    ],
    [
      "python",
      `
import asyncio, builtins, json, math, os, sys
state = {"calls": 0, "list": []}
def marks():
    return [state["calls"], len(state["list"]), getattr(builtins, "mark", None), "mark" in globals(),
        json.dumps([1]), math.floor(1.5), sys.getrecursionlimit(), os.environ.get("MARK"),
        sum([1, 2])]
async def main(n):
    before = marks()
    state["calls"] += 1
    state["list"] += [n] * 2_000
    builtins.mark = globals()["mark"] = n
    json.dumps = lambda value: "changed"
    math.floor = lambda value: n
    builtins.sum = lambda values: n
    sys.setrecursionlimit(500 + n)
    os.environ["MARK"] = str(n)
    globals()["kept"] = bytearray(b"x") * 2_000_000
    await asyncio.sleep(n % 20 / 1000)
    return [before, all(value == n for value in state["list"]) and mark == n]`,
    ],
  ] as const;
  for (const [language, code] of programs) {
    await using program = await open({ language, code });
    const first = await program.call<[unknown, boolean]>("main", [0]);
    assertEquals(first.error, null, language);
    const pristine = first.result![0];
    const round = async (count: number) => {
      const calls = Array.from({ length: count }, (_, n) => program.call("main", [n]));
      for (const { result, error } of await Promise.all(calls)) {
        assertEquals([result, error], [[pristine, true], null], language);
      }
    };
    await round(50);
    await quiet();
    const before = memoryBytes("VmRSS");
    await round(500);
    await quiet();
    const grown = memoryBytes("VmRSS") / before;
    assertTrue(grown < 1.1, `${language}: memory grew to ${grown.toFixed(2)} times what it was`);
  }
});

Deno.test("a sandbox that sleeps weighs little", async () => {
  const programs = [
    [
      "javascript",
      1.5,
      `${SDK}task({ name: "main" }, (ms: number) =>
      new Promise((resolve) => setTimeout(resolve, ms)));`,
    ],
    ["python", 4, "import asyncio\nasync def main(ms): await asyncio.sleep(ms / 1000)"],
  ] as const;
  for (const [language, mebibytes, code] of programs) {
    await using program = await open({ language, code });
    for (let call = 0; call < 20; call++) await program.call("main", [1]);
    await quiet();
    // Images are shared, and the kernel counts their pages for each sandbox that has them mapped.
    const before = memoryBytes("RssAnon");
    const calls = Array.from({ length: 200 }, () => program.call("main", [4000]));
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const each = (memoryBytes("RssAnon") - before) / 200 / 2 ** 20;
    assertTrue(each < mebibytes, `${language}: ${each.toFixed(2)} MiB each`);
    assertEquals((await Promise.all(calls)).filter(({ success }) => !success), []);
  }
});

/** Waits until the runtime has given back what it does not need. */
function quiet(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1500));
}
