/** Random bytes that top-level code draws: fresh in every process, so that the image that holds them is not kept. */
import { assertEquals, assertTrue } from "../../support/assert.ts";
import { CACHE, cli, project } from "../../support/support.ts";
import { open } from "@capsule/sdk/runner";

const IMAGES = `${CACHE}/images`;

/** What top-level code draws; `main` returns it. */
const DRAW = {
  typescript: {
    "Math.random": "Math.random()",
    "crypto.randomUUID": "crypto.randomUUID()",
    "crypto.getRandomValues": "[...crypto.getRandomValues(new Uint8Array(8))]",
    "node:crypto": 'crypto_.randomBytes(8).toString("hex")',
    "a method that was taken before": "draw()",
    "what is drawn in an async function": "await (async () => Math.random())()",
  },
  python: {
    "random.random": "random.random()",
    "random.choice, after a seed that is random": "(random.seed(), random.randrange(10**9))[1]",
    "what is drawn before a seed": "(random.random(), random.seed(5))[0]",
    "what is drawn before the state is restored":
      "(state := random.getstate(), random.random(), random.setstate(state))[1]",
    "what another generator draws from the state":
      "(other := random.Random(0), other.setstate(random._inst.getstate()), other.random())[2]",
    "bytes that the engine's own interface gives":
      "__import__('wit_world.imports.operations', fromlist=['random']).random(4).hex()",
    "a generator of its own": "random.Random().random()",
    "random.SystemRandom": "random.SystemRandom().random()",
    "uuid4": "str(uuid.uuid4())",
    "os.urandom": "os.urandom(8).hex()",
    "secrets": "secrets.token_hex(8)",
    "numbers of a name that was imported": "randint(0, 10**9)",
    "a temporary name": "next(tempfile._get_candidate_names())",
    "SQLite's random()": "sqlite3.connect(':memory:').execute('SELECT random()').fetchone()[0]",
  },
};
/** What draws nothing, though it looks like that. */
const QUIET = {
  typescript: {
    "nothing": "1",
    "an import": "typeof crypto_.randomBytes",
    "a function that would draw": "typeof (() => Math.random())",
    "the time": "Date.now() > 0",
  },
  python: {
    "nothing": "1",
    "a function that would draw": "repr(type(lambda: random.random()))",
    "a generator with a seed": "random.Random(5).random()",
    "the generator, after a seed": "(random.seed(5), random.random())[1]",
    "hashes": "hash('text') != 0",
    "sets and names": "sorted({'a', 'b'})",
  },
};

function files(language: "typescript" | "python", expression: string): Record<string, string> {
  // No other run has loaded it.
  const serial = crypto.randomUUID();
  return language === "typescript"
    ? {
      "main.ts": `import crypto_ from "node:crypto";
import { task } from "@capsule/sdk";
const draw = Math.random;
const drawn = ${expression};
task({ name: "main" }, () => [drawn, "${serial}"]);`,
    }
    : {
      "main.py": `import os, random, secrets, sqlite3, tempfile, uuid
from random import randint
from capsule import task
drawn = ${expression}
@task
def main(): return [drawn, "${serial}"]`,
    };
}

function images(): Set<string> {
  const names = Array.from(Deno.readDirSync(IMAGES), ({ name }) => name);
  return new Set(names.filter((name) => name.endsWith(".seal")));
}

/** What `main` gives in a process of its own, and in this one. */
async function drawnIn(folder: { path: string }, file: string): Promise<string> {
  const { status, stdout, stderr } = await cli(["run", file, "--json"], { cwd: folder.path });
  assertEquals(status, 0, stderr);
  return JSON.stringify(JSON.parse(stdout).result[0]);
}

for (const language of ["typescript", "python"] as const) {
  const file = language === "typescript" ? "main.ts" : "main.py";

  Deno.test(`${language}: what top-level code draws differs in every process`, async () => {
    for (const [name, expression] of Object.entries(DRAW[language])) {
      using folder = project(files(language, expression));
      await new Promise((resolve) => setTimeout(resolve, 30));
      const before = images();
      const first = await drawnIn(folder, file);
      assertTrue(await drawnIn(folder, file) !== first, `${name} was repeated: ${first}`);
      assertEquals([...images()].filter((image) => !before.has(image)), [], `${name} was kept`);
    }
  });

  Deno.test(`${language}: in one process it is drawn once`, async () => {
    using folder = project(files(language, Object.values(DRAW[language])[0]!));
    await using program = await open({ file, cwd: folder.path });
    const calls = await Promise.all([1, 2, 3].map(() => program.call<unknown[]>("main")));
    assertEquals(new Set(calls.map(({ result }) => result![0])).size, 1);
  });

  Deno.test(`${language}: a program that draws nothing is kept`, async () => {
    for (const [name, expression] of Object.entries(QUIET[language])) {
      using folder = project(files(language, expression));
      await new Promise((resolve) => setTimeout(resolve, 30));
      const before = images();
      const first = await drawnIn(folder, file);
      // A process waits for what it writes.
      const kept = [...images()].filter((image) => !before.has(image));
      assertEquals(kept.length, 1, `${name} was not kept`);
      assertEquals(await drawnIn(folder, file), first, name);
    }
  });

  Deno.test(`${language}: inside of tasks, randomness is fresh in every call`, async () => {
    const code = language === "typescript"
      ? `import { task } from "@capsule/sdk"; Math.random();
        task({ name: "main" }, () => [Math.random(), crypto.randomUUID()]);`
      : `import random, uuid
from capsule import task
random.seed(5)
@task
def main(): return [random.random(), str(uuid.uuid4())]`;
    await using program = await open({ language, code });
    const calls = await Promise.all(
      Array.from({ length: 5 }, () => program.call<unknown[]>("main")),
    );
    for (const place of [0, 1]) {
      assertEquals(new Set(calls.map(({ result }) => result![place])).size, 5);
    }
  });
}
