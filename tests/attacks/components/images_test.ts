/**
 * Programs that change all they can reach of the memory that others start from, and files of images that are
 * exchanged under those who use them. Damages of those files, before they are used, are in
 * `../runner/images_test.ts`.
 */
import { assertEquals, assertTrue } from "../../support/assert.ts";
import { CACHE, project } from "../../support/support.ts";
import { attack, type Language, LANGUAGES } from "../attack.ts";
import { open, run, type RunEvent } from "@capsule/sdk/runner";

const IMAGES = `${CACHE}/images`;

/** How such a call may end. */
const FAILURES = ["task_error", "stack_overflow", "fuel_exhausted"];

/** What a program is made of, and what it says of its own state before it ruins it. */
const VANDALS: Record<Language, string> = {
  typescript: `import { task } from "@capsule/sdk";
const kept = { list: [1, 2, 3], text: "kept", bytes: new Uint8Array(1 << 20).fill(7) };
const state = () => [kept.list.length, kept.text, kept.bytes.every((byte) => byte === 7),
  JSON.stringify([1]), [3, 1].sort().join(), String(Symbol.iterator), typeof Promise, Object.keys({ a: 1 })];
task({ name: "main" }, (serial) => {
  console.log(JSON.stringify(state()));
  kept.list.length = 0; kept.text = serial; kept.bytes.fill(serial);
  const prototypes = [Object, Array, String, Function, Promise, Map, Uint8Array, Error, RegExp].map((of) => of.prototype);
  for (const prototype of prototypes) {
    for (const name of Object.getOwnPropertyNames(prototype)) {
      if (name === "constructor") continue;
      try { delete prototype[name]; } catch { /* it cannot be removed */ }
    }
  }
  for (const name of Object.getOwnPropertyNames(globalThis)) {
    try { globalThis[name] = undefined; } catch { /* it cannot be changed */ }
  }
  return 1;
});`,
  python: `import builtins, gc, json, sys
from capsule import task
kept = {"list": [1, 2, 3], "text": "kept", "bytes": bytearray(b"\\7" * (1 << 20))}
def state():
    return [len(kept["list"]), kept["text"], kept["bytes"] == b"\\7" * (1 << 20), json.dumps([1]),
        sorted([3, 1]), len(sys.modules) > 100, sys.path_hooks != [], int("5")]
@task
def main(serial):
    print(json.dumps(state()), flush=True)
    kept["list"].clear(); kept["text"] = serial; kept["bytes"][:] = bytes(1 << 20)
    # What the engine itself needs to answer goes last, and not all.
    for name, module in list(sys.modules.items()):
        if not name.startswith(("capsule", "wit_", "componentize", "json", "builtins", "sys", "_")):
            vars(module).clear()
    for thing in gc.get_objects():
        if isinstance(thing, list) and len(thing) > 0: thing.clear()
    for name in ["int", "len", "sorted", "open", "print", "range", "__import__"]:
        setattr(builtins, name, None)
    sys.modules.clear()
    return 1`,
};

for (const language of LANGUAGES) {
  Deno.test(`${language}: a call that damages everything it can does not affect the next one`, async () => {
    const file = language === "python" ? "main.py" : "main.ts";
    // No other run has loaded it.
    const serial = `${language === "python" ? "" : "globalThis."}serial = "${crypto.randomUUID()}"`;
    using folder = project({ [file]: `${VANDALS[language]}\n${serial}` });
    await new Promise((resolve) => setTimeout(resolve, 50));
    const before = sealed();
    const states: string[] = [];
    const onEvent = (event: RunEvent) => {
      // What an engine says of its own end is on standard error.
      if (event.type !== "output" || event.stream !== "stdout") return;
      states.push(new TextDecoder().decode(event.data));
    };
    // From a program that was just loaded, and from the file that is kept of it.
    for (let round = 0; round < 3; round++) {
      await using program = await open({ file, cwd: folder.path });
      const calls = Array.from({ length: 5 }, (_, n) => program.call("main", [n], { onEvent }));
      for (const { error } of await Promise.all(calls)) {
        // A task that took away what it needs to answer cannot.
        if (error) assertTrue(FAILURES.includes(error.error_type), error.message);
      }
      await kept(before);
    }
    assertEquals(states.length, 3 * 5);
    assertEquals([...new Set(states)], [states[0]]);
    assertTrue(states[0]!.includes('"kept"') && states[0]!.includes("true"), states[0]!);
  });

  Deno.test(`${language}: the engine serves on after such a program`, async () => {
    await attack({ language, code: VANDALS[language] });
  });
}

Deno.test("replacing or removing an image's file does not affect processes that use it", async () => {
  const code = (serial: string) =>
    `import random
from capsule import task
serial = "${serial}"
table = {n: str(n) * 3 for n in range(20_000)}
@task
def main(n): return [serial, table[n]]`;
  using folder = project({ "main.py": code(crypto.randomUUID()) });
  const [image, mine] = await imageOf(folder.path);
  folder.write("main.py", code(crypto.randomUUID()));
  const [other] = await imageOf(folder.path);
  folder.write("main.py", code(mine));
  await using program = await open({ file: "main.py", cwd: folder.path });
  for (const change of ["replaced", "emptied", "removed"]) {
    if (change === "removed") {
      Deno.removeSync(image);
    } else {
      // As anybody does who does not write in place.
      if (change === "replaced") Deno.copyFileSync(other, `${image}.new`);
      else Deno.writeFileSync(`${image}.new`, new Uint8Array(0));
      Deno.renameSync(`${image}.new`, image);
    }
    const calls = Array.from({ length: 10 }, (_, n) => program.call("main", [n * 1999]));
    for (const [n, { result }] of (await Promise.all(calls)).entries()) {
      assertEquals(result, [mine, String(n * 1999).repeat(3)], change);
    }
    // Whoever comes next finds no image that is right, and loads.
    assertEquals((await run({ file: "main.py", cwd: folder.path, args: [7] })).result, [
      mine,
      "777",
    ]);
  }
});

/** Runs the program, and finds the image that is kept of it, and its serial number. */
async function imageOf(cwd: string): Promise<[image: string, serial: string]> {
  await new Promise((resolve) => setTimeout(resolve, 50));
  const before = sealed();
  const { result } = await run<string[]>({ file: "main.py", cwd, args: [1] });
  return [`${IMAGES}/${await kept(before)}`, result![0]!];
}

/** The images that are whole. */
function sealed(): Set<string> {
  const names = Array.from(Deno.readDirSync(IMAGES), ({ name }) => name);
  return new Set(
    names.filter((name) => name.endsWith(".seal")).map((name) => name.slice(0, -".seal".length)),
  );
}

/** Waits for an image that was not there. */
async function kept(before: Set<string>): Promise<string> {
  for (let left = 200; left > 0; left--) {
    const name = [...sealed()].find((name) => !before.has(name));
    if (name) return name;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error("no image was kept");
}
