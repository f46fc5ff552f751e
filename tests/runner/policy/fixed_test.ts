/** `seed` and `now`: random bytes and time that are the same each time. */
import {
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertTrue,
} from "../../support/assert.ts";
import { CACHE, cli, project, runOrThrow } from "../../support/support.ts";
import { open, run, type RunOptions } from "@capsule/sdk/runner";

const NOW = "2026-01-31T12:00:00Z";
const NOW_MS = Date.parse(NOW);

/** What draws and looks at the clock when it is loaded, when it is called, and in its sub-tasks. */
const DRAWS = {
  "main.ts": `import { task } from "@capsule/sdk";
import { randomBytes } from "node:crypto";
const loaded = [Math.random(), crypto.randomUUID(), Date.now()];
const part = task({ name: "part" }, (n: number) => [n, crypto.randomUUID(), Date.now()]);
const main = task({ name: "main", compute: "HIGH" }, async () => {
  const parts = await Promise.all([part(1), part(2), part(1)]);
  return [loaded, Math.random(), crypto.randomUUID(), randomBytes(8).toString("hex"), Date.now(),
    ...parts.map(({ result }) => result)];
});`,
  "main.py": `import os, random, secrets, tempfile, time, uuid
from capsule import task
loaded = [random.random(), str(uuid.uuid4()), time.time()]
@task
def part(n): return [n, str(uuid.uuid4()), time.time()]
@task(compute="HIGH")
def main():
    parts = [call["result"] for call in part.map([1, 2, 1])]
    return [loaded, random.random(), str(uuid.uuid4()), os.urandom(8).hex(), time.time(), *parts,
            secrets.token_hex(8), random.SystemRandom().random(), hash("text"),
            next(tempfile._get_candidate_names()), str(uuid.uuid1())]`,
};
type Drawn = [[number, string, number], number, string, string, number, ...unknown[]];

async function drawn(options: RunOptions): Promise<Drawn> {
  return (await runOrThrow<Drawn>(options)).result as Drawn;
}

for (const file of Object.keys(DRAWS)) {
  Deno.test(`the same seed and time give the same bytes, in every process: ${file}`, async () => {
    using folder = project(DRAWS);
    const given = { file, cwd: folder.path, seed: 7, now: new Date(NOW_MS) };
    const first = await drawn(given);
    assertEquals(await drawn({ ...given, now: "2026-01-31T13:00:00+01:00" }), first);
    assertEquals(await drawn({ ...given, isolation: "process" }), first);
    const args = ["run", file, "--json", "--seed", "7", "--now", NOW];
    const { stdout } = await cli(args, { cwd: folder.path });
    assertEquals(JSON.parse(stdout).result, first);
    // Calls with equal arguments draw different bytes, each as often as it is repeated.
    const [, part, , again] = first.slice(4) as [number, string, number][];
    assertTrue(part![1] !== again![1], "both draw the same");

    const other = await drawn({ ...given, seed: 8 });
    for (const [index, value] of [first[0][0], first[0][1], ...first.slice(1, 4)].entries()) {
      const others = [other[0][0], other[0][1], ...other.slice(1, 4)];
      assertTrue(value !== others[index], `${value} does not depend on the seed`);
    }
  });

  Deno.test(`what is fixed for one run is seen by no other: ${file}`, async () => {
    using folder = project({ [file]: `${DRAWS[file as "main.ts"]}\n"${crypto.randomUUID()}"` });
    const given = { file, cwd: folder.path };
    const images = () => Array.from(Deno.readDirSync(`${CACHE}/images`), ({ name }) => name).length;
    const before = images();
    const fixed = await drawn({ ...given, seed: 1, now: NOW });
    await new Promise((resolve) => setTimeout(resolve, 100));
    assertEquals(images(), before, "an image with fixed bytes is kept");
    const [free, freeAgain] = [await drawn(given), await drawn(given)];
    assertTrue(free[0][1] !== fixed[0][1], "a seeded image served a run without a seed");
    assertTrue(free[2] !== freeAgain[2], "randomness without a seed is not fresh");
    assertTrue(free[0][2] !== fixed[0][2] && free[4] !== fixed[4], "the time is fixed");
    assertEquals(await drawn({ ...given, seed: 1, now: NOW }), fixed);
    // Either without the other.
    const seeded = await drawn({ ...given, seed: 1 });
    assertEquals([seeded[0][1], seeded[2]], [fixed[0][1], fixed[2]]);
    assertTrue(seeded[4] !== fixed[4], "a seed fixes the time");
  });

  Deno.test(`calls of an open program have a seed of their own: ${file}`, async () => {
    using folder = project(DRAWS);
    await using program = await open({ file, cwd: folder.path, seed: 3 });
    const call = async (options = {}) =>
      (await program.call<Drawn>("main", [], options)).result as Drawn;
    const bytes = (drawn: Drawn) => [drawn[0].slice(0, 2), ...drawn.slice(1, 4)];
    const first = await call();
    assertEquals(bytes(await call()), bytes(first));
    assertEquals(bytes(await call({ seed: 3, now: NOW })), bytes(first));
    const other = await call({ seed: 4 });
    assertEquals(other[0], first[0]);
    assertTrue(other[2] !== first[2], "the seed of a call does not count");
    // Closed before it has begun: it goes on.
    const going = program.call("main", [], { seed: 4 });
    program.close();
    assertEquals(((await going).result as Drawn)[2], other[2]);
  });
}

Deno.test("SQLite's random numbers differ in every call without a seed", async () => {
  const code = `import sqlite3
class Own(sqlite3.Connection): pass
def main():
    drawn = []
    for factory in (sqlite3.Connection, Own):
        with sqlite3.connect(":memory:", factory=factory) as database:
            row = "SELECT random(), hex(randomblob(8)), length(randomblob(0)), length(randomblob(9))"
            drawn.append(database.execute(row).fetchone())
            assert type(database) is factory and drawn[-1][2:] == (1, 9)
    return drawn`;
  const drawn = async (options = {}) =>
    JSON.stringify((await runOrThrow({ code, language: "python", ...options })).result);
  const [one, other] = [await drawn(), await drawn()];
  assertTrue(one !== other, `both calls drew ${one}`);
  assertEquals(await drawn({ seed: 1 }), await drawn({ seed: 1 }));
});

Deno.test("an attempt that is tried again draws other bytes, the same each time", async () => {
  const code = `import { task } from "@capsule/sdk";
task({ name: "main", maxRetries: 3 }, () => {
  const n = crypto.getRandomValues(new Uint8Array(1))[0];
  console.log(n);
  throw new Error("again");
});`;
  const printed = async () => {
    const { stdout } = await run({
      ...{ code, language: "typescript", seed: 1, capture: true },
      limits: { maxRetries: 3 },
    });
    return stdout!.trim().split("\n");
  };
  const numbers = await printed();
  assertEquals(new Set(numbers).size, 4);
  assertEquals(await printed(), numbers);
});

Deno.test("sub-tasks draw the same, in whichever order they begin", async () => {
  const code = `import { task } from "@capsule/sdk";
const part = task({ name: "part" }, (n: number) => crypto.randomUUID());
task({ name: "main" }, async (order: number[]) => {
  const drawn = await Promise.all(order.map(async (n) => [n, (await part(n)).result]));
  return drawn.toSorted(([a], [b]) => a - b);
});`;
  const given = { code, language: "typescript", seed: 5 } as const;
  const one = await runOrThrow({ ...given, args: [[1, 2, 3]] });
  const other = await runOrThrow({ ...given, args: [[3, 1, 2]] });
  // Their caller has other arguments, but is called by the host.
  assertEquals(other.result, one.result);
});

/** What a program measures: a sleep, a sub-task that sleeps, timers side by side, and how often it looks for a second. */
const CLOCKS = {
  typescript: `import { task } from "@capsule/sdk";
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const slow = task({ name: "slow" }, async () => { await sleep(70); });
task({ name: "main" }, async () => {
  const begun = Date.now();
  const times: number[] = [];
  const note = () => times.push(Date.now() - begun);
  await sleep(50);
  note();
  await slow();
  note();
  await Promise.all([sleep(40), slow(), sleep(20)]);
  note();
  for (const until = Date.now() + 1000; Date.now() < until;);
  note();
  return [new Date(begun).toISOString(), ...times.map((time) => Math.round(time / 10) * 10)];
});`,
  python: `import asyncio, datetime, time
from capsule import task
@task
def slow(): time.sleep(0.07)
@task
def main():
    begun = datetime.datetime.now(datetime.UTC)
    start = time.monotonic()
    times = []
    def note(): times.append(round(time.monotonic() - start, 2) * 1000)
    time.sleep(0.05)
    note()
    slow()
    note()
    async def together(): await asyncio.gather(asyncio.sleep(0.04), slow.aio(), asyncio.sleep(0.02))
    asyncio.run(together())
    note()
    until = time.time() + 1
    while time.time() < until: pass
    note()
    return [begun.isoformat(timespec="milliseconds").replace("+00:00", "Z"), *map(int, times)]`,
};

for (const [language, code] of Object.entries(CLOCKS)) {
  Deno.test(`the clock starts at now, and advances by sleeps: ${language}`, async () => {
    const { result } = await runOrThrow({
      ...{ code, language: language as "python", now: NOW },
      limits: { compute: "HIGH" },
    });
    assertEquals(result, ["2026-01-31T12:00:00.000Z", 50, 120, 190, 1190]);
  });
}

Deno.test("limits of time are those of the real clock", async () => {
  for (
    const [language, code] of [
      ["typescript", "export const main = () => new Promise((end) => setTimeout(end, 60_000));"],
      ["python", "import time\ndef main(): time.sleep(60)"],
      ["python", "import asyncio\nasync def main(): await asyncio.sleep(60)"],
    ] as const
  ) {
    const started = performance.now();
    const limits = { timeout: "200ms" };
    const { error } = await run({ code, language, limits, now: NOW, seed: 1 });
    assertEquals(error?.error_type, "timeout");
    assertTrue(performance.now() - started < 5000, "it waits for the sleep");
  }
});

Deno.test("a timer of asyncio fires in time, whatever ends before it", async () => {
  const code = `import asyncio
from capsule import task
@task
def quick(): sum(range(200_000))
@task
def main():
    async def work():
        count = 0
        try:
            async with asyncio.timeout(0.3):
                while True:
                    await quick.aio()
                    count += 1
        except TimeoutError:
            return count
    return asyncio.run(work())`;
  const started = performance.now();
  const { result } = await runOrThrow<number>({ code, language: "python", now: NOW });
  assertTrue(result! > 0, "nothing ended before");
  assertTrue(performance.now() - started < 3000, "it was put off");
});

Deno.test("placeholders of secrets are random, whatever the seed is", async () => {
  const placeholder = async () => {
    const { result } = await runOrThrow<string>({
      ...{ code: "export const main = () => process.env.KEY;", language: "typescript", seed: 1 },
      secrets: { KEY: { value: "a secret that is long", hosts: ["api.example.com"] } },
    });
    return result!;
  };
  assertTrue(await placeholder() !== await placeholder(), "a placeholder can be guessed");
});

Deno.test("an invalid seed and a time without a zone are errors", async () => {
  const given = { code: "export const main = () => 1;", language: "typescript" } as const;
  const seeds = [-1, 1.5, NaN, Infinity, 2 ** 53, "7", true, null, {}, 7n];
  const times = [
    ...["2026-01-31", "2026-01-31T12:00:00", "2026-02-30T12:00:00Z", "2026-13-01T00:00:00Z"],
    ...["2026-01-31T25:00:00Z", "1969-12-31T23:59:59Z", "", "now", "January 31, 2026 12:00 UTC"],
    ...[NOW_MS, null, {}, [NOW], new Date(NaN), new Date(-1), new Date(Date.UTC(2262))],
  ];
  await using program = await open(given);
  for (
    const wrong of [...seeds.map((seed) => ({ seed })), ...times.map((now) => ({ now }))]
  ) {
    const [name] = Object.keys(wrong);
    for (
      const act of [
        () => run({ ...given, ...wrong as { seed: number } }),
        () => run({ ...given, ...wrong as { seed: number }, isolation: "process" }),
        () => program.call("main", [], wrong as { seed: number }),
      ]
    ) {
      const error = await assertRejects(act) as Error & { code?: string };
      assertEquals(error.code, "invalid_argument", JSON.stringify(String(error)));
      assertStringIncludes(error.message, `${name}: `);
    }
  }
});

Deno.test("labels are a few short texts", async () => {
  const given = { code: "export const main = () => 1;", language: "typescript" } as const;
  await runOrThrow({ ...given, labels: ["nightly", "Kunde Ä", "x".repeat(64), "👩‍👩‍👧"] });
  const wrong: [unknown, string][] = [
    ["nightly", "labels: "],
    [null, "labels: "],
    [Array.from({ length: 17 }, (_, n) => `${n}`), "labels: has 17 labels, more than 16"],
    [[, "a"], "labels[0]: must be 1 to 64 characters"],
    [["a", 5], "labels[1]: must be 1 to 64 characters"],
    [[""], "labels[0]: must be 1 to 64 characters"],
    [["  "], "labels[0]: must be 1 to 64 characters"],
    [["x".repeat(65)], "labels[0]: must be 1 to 64 characters"],
    [["x".repeat(1e6)], "labels[0]: must be 1 to 64 characters"],
    ...["\u001b[31m", "a\nb", "\u0000", "\u009b", "\u202e", "\ud800", "\u200b", "\u061c", "\u2800"]
      .map((text) => [[text], "labels[0]: "] as [unknown, string]),
  ];
  for (const [labels, message] of wrong) {
    for (const isolation of ["sandbox", "process"] as const) {
      const act = () => run({ ...given, labels: labels as string[], isolation });
      const error = await assertRejects(act) as Error & { code?: string };
      assertEquals(error.code, "invalid_argument");
      assertStringIncludes(error.message, message);
      assertTrue(error.message.length < 300, "the message is long");
    }
  }
});
