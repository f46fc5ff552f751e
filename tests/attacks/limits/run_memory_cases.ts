/** Tasks that together take more memory than their run, or this process, may have. */
import { assertEquals, assertMatch, assertTrue } from "../../support/assert.ts";
import { memoryBytes, workersOf } from "../../support/processes.ts";
import { warmEngines } from "../../support/support.ts";
import { type Language, LANGUAGES } from "../attack.ts";
import { type Budget, configure, open, run } from "@capsule/sdk/runner";

await warmEngines();

const MIB = 2 ** 20;
/** What a task may take beyond its run's limit before it is seen: a quarter. */
const TOLERANCE = 1.25;

/** `main(n, mb)` starts n tasks that take mb MiB each and keep them for a while. It tells how each ended. */
const EATERS: Record<Language, string> = {
  typescript: `import { task } from "@capsule/sdk";
    const eat = task({ name: "eat", compute: "HIGH" }, async (mb) => {
      const kept = [];
      for (let n = 0; n < mb; n++) kept.push(new Uint8Array(1 << 20).fill(1));
      await new Promise((end) => setTimeout(end, 1500));
      return kept.length;
    });
    task({ name: "main", compute: "HIGH" }, async (n, mb) => {
      const calls = await Promise.all(Array.from({ length: n }, () => eat(mb)));
      return calls.map((call) => call.error ? [call.error.error_type, call.error.message] : null);
    });
    task({ name: "turns", compute: "HIGH" }, async (n, mb) => {
      for (let turn = 0; turn < n; turn++) if ((await eat(mb)).error) return turn;
      return n;
    });`,
  python: `from capsule import task
import time
@task(compute="HIGH")
def eat(mb):
    kept = [bytearray(b"x") * (1 << 20) for _ in range(mb)]
    time.sleep(1.5)
    return len(kept)
def told(call): return call["error"] and [call["error"]["error_type"], call["error"]["message"]]
@task(compute="HIGH")
def main(n, mb): return [told(call) for call in eat.map([mb] * n)]
@task(compute="HIGH")
def turns(n, mb):
    for turn in range(n):
        if eat(mb)["error"]: return turn
    return n`,
};

/** The most private memory that this process and its worker had meanwhile, beyond what they had before, in bytes. */
async function growth<T>(work: Promise<T>): Promise<[T, number]> {
  const own = () =>
    [Deno.pid, ...workersOf(Deno.pid)].map((id) => memoryBytes("RssAnon", id))
      .reduce((sum, bytes) => sum + bytes);
  const before = own();
  let most = before;
  const timer = setInterval(() => most = Math.max(most, own()), 20);
  try {
    return [await work, most - before];
  } finally {
    clearInterval(timer);
  }
}

for (const language of LANGUAGES) {
  for (const isolation of ["sandbox", "process"] as const) {
    Deno.test(`${language}, ${isolation}: ten tasks share the memory of their run`, async () => {
      await using program = await open({
        code: EATERS[language],
        language,
        isolation,
        policy: "declared",
        budget: { ram: "600MB" },
      });
      const [{ result, error }, bytes] = await growth(program.call("main", [10, 150]));
      assertEquals(error, null);
      const failed = (result as ([string, string] | null)[]).filter((told) => told !== null);
      // All of them may, if they grow side by side.
      assertTrue(failed.length >= 6, `${failed.length} of 10 failed`);
      for (const [type, message] of failed) {
        assertEquals(type, "memory_limit");
        assertMatch(
          message,
          /its run may use 629145600, of which \d+ are in use: raise budget\.ram/,
        );
      }
      assertTrue(bytes < 600 * MIB * TOLERANCE, `${bytes / MIB} MiB`);
      // What they had is there for others.
      assertEquals((await program.call("main", [3, 150])).result, [null, null, null]);
    });
  }

  Deno.test(`${language}: tasks one after the other give back what they had`, async () => {
    const code = EATERS[language].replace("1500", "0").replace("1.5", "0");
    await using program = await open({
      code,
      language,
      policy: "declared",
      budget: { ram: "350MB" },
    });
    assertEquals((await program.call("turns", [12, 200])).result, 12);
  });

  Deno.test(`${language}: two runs side by side share the memory of the process`, async () => {
    configure({ ram: "500MB" });
    try {
      const call = () =>
        run({ code: EATERS[language], language, policy: "declared", args: [3, 150] });
      const [envelopes, bytes] = await growth(Promise.all([call(), call()]));
      const told = envelopes.flatMap(({ result }) => result as ([string, string] | null)[]);
      const failed = told.filter((one) => one !== null);
      assertTrue(failed.length >= 3, `${failed.length} of 6 failed`);
      for (const [type, message] of failed) {
        assertEquals(type, "memory_limit");
        assertMatch(message, /this process .* may use 524288000, .* raise configure\(\{ ram \}\)/);
      }
      assertTrue(bytes < 500 * MIB * TOLERANCE, `${bytes / MIB} MiB`);
    } finally {
      configure({ ram: "4GB" });
    }
  });
}

/** A program whose image is large, and whose tasks write to all of it without growing. */
const IMAGES: Record<Language, string> = {
  typescript: `import { task } from "@capsule/sdk";
    const image = new Uint8Array(100 << 20).fill(1);
    const write = task({ name: "write", compute: 1e15 }, async () => {
      image.fill(2);
      await new Promise((end) => setTimeout(end, 1500));
    });
    task({ name: "main", compute: "HIGH" }, async (n) => {
      const calls = await Promise.all(Array.from({ length: n }, () => write()));
      return calls.map((call) => call.error ? [call.error.error_type, call.error.message] : null);
    });`,
  python: `from capsule import task
import time
image = bytearray(b"x") * (100 << 20)
@task(compute=10**15)
def write():
    for at in range(0, len(image), 4096): image[at] = 2
    time.sleep(1.5)
def told(call): return call["error"] and [call["error"]["error_type"], call["error"]["message"]]
@task(compute="HIGH")
def main(n): return [told(future.result()) for future in [write.submit() for _ in range(n)]]`,
};

for (const language of LANGUAGES) {
  Deno.test(`${language}: pages of the image that tasks write are memory of their run`, async () => {
    await using program = await open({
      code: IMAGES[language],
      language,
      policy: "declared",
      budget: { ram: "500MB" },
    });
    const [{ result, error }, bytes] = await growth(program.call("main", [8]));
    assertEquals(error, null);
    const failed = (result as ([string, string] | null)[]).filter((told) => told !== null);
    assertTrue(failed.length >= 4, `${failed.length} of 8 failed`);
    for (const [type, message] of failed) {
      assertEquals(type, "memory_limit");
      assertMatch(message, /its run may use 524288000/);
    }
    assertTrue(bytes < 500 * MIB * TOLERANCE, `${bytes / MIB} MiB`);
  });
}

/** `main(n, mb)` has n texts of mb MiB returned to it or handed over, and takes none of them. */
const TEXTS: Record<Language, string> = {
  typescript: `import { task } from "@capsule/sdk";
    const give = task({ name: "give", compute: "HIGH" }, (mb) => "x".repeat(mb << 20));
    const keep = task({ name: "keep" }, async (text) => {
      await new Promise((end) => setTimeout(end, 1500));
      return text.length;
    });
    task({ name: "main", compute: "HIGH" }, async (n, mb) => {
      const calls = Array.from({ length: n }, () => give(mb));
      return (await Promise.all(calls.map(async (call) => (await call).error?.error_type ?? null)));
    });
    task({ name: "hand_over", compute: 1e15 }, async (n, mb) => {
      const text = "x".repeat(mb << 20);
      const calls = await Promise.all(Array.from({ length: n }, () => keep(text)));
      return calls.map((call) => call.error?.error_type ?? null);
    });`,
  python: `from capsule import task
import time
@task(compute="HIGH")
def give(mb): return "x" * (mb << 20)
@task
def keep(text):
    time.sleep(1.5)
    return len(text)
def told(call): return call["error"] and call["error"]["error_type"]
@task(compute="HIGH")
def main(n, mb):
    futures = [give.submit(mb) for _ in range(n)]
    time.sleep(1.5)
    return [told(future.result()) for future in futures]
@task(compute=10**15)
def hand_over(n, mb):
    text = "x" * (mb << 20)
    return [told(future.result()) for future in [keep.submit(text) for _ in range(n)]]`,
};

for (const language of LANGUAGES) {
  for (const task of ["main", "hand_over"]) {
    Deno.test(`${language}: texts of 15 MiB that the host holds for ${task} are memory of its run`, async () => {
      await using program = await open({
        code: TEXTS[language],
        language,
        policy: "declared",
        budget: { ram: "200MB" },
      });
      const [envelope, bytes] = await growth(program.call(task, [16, 15]));
      const { error } = envelope;
      // The caller itself may be who finds nothing left.
      if (error !== null) assertMatch(error.error_type, /^(?:memory_limit|task_error)$/);
      else {assertTrue(
          (envelope.result as unknown[]).some((told) => told === "memory_limit"),
          "all fit",
        );}
      assertTrue(bytes < 200 * MIB * TOLERANCE + 100 * MIB, `${bytes / MIB} MiB`);
    });
  }
}

Deno.test("a thousand sleeping tasks of Python fit into a run", async () => {
  const code = `from capsule import task
import time
@task
def nap(n):
    time.sleep(3)
    return n
@task(compute="HIGH")
def main(n): return [call["error"] for call in nap.map(range(n)) if call["error"]]`;
  const options = { language: "python", policy: "declared" } as const;
  const { result, error } = await run({ ...options, code, args: [990] });
  assertEquals([error, result], [null, []]);
});

Deno.test("an invalid budget is an error that names key and value", async () => {
  const cases: [unknown, RegExp][] = [
    [{ ram: "lots" }, /^budget\.ram: must be a size: .* \(got "lots"\)$/],
    [{ ram: 0 }, /^budget\.ram: must be more than 0 bytes \(got 0\)$/],
    [{ rum: 1 }, /^budget\.rum: unknown key; expected one of compute, timeout, ram, tasksAlive, /],
    [{ tasks_alive: 1 }, /^budget\.tasks_alive: unknown key/],
    [{ tasksAlive: 0 }, /^budget\.tasksAlive: must be a whole number from 1 to 10000 \(got 0\)$/],
    [{ jsonSize: "2GB" }, /^budget\.jsonSize: .*256 MB/],
    [[], /^budget: must be a plain object/],
    ["4GB", /^budget: must be a plain object/],
    [{ handles: 2n }, /^budget\.handles: must be a whole number/],
  ];
  for (const isolation of ["sandbox", "process"] as const) {
    for (const [budget, expected] of cases) {
      const options = { code: "def main(): pass", language: "python", isolation } as const;
      const refused = await run({ ...options, budget: budget as Budget }).then(
        () => undefined,
        (error) => [error.code, error.message],
      );
      assertEquals(refused?.[0], "invalid_argument");
      assertMatch(refused![1], expected);
    }
  }
  for (
    const [options, expected] of [
      [{ ram: "much" }, /^configure\.ram: must be a size: .* \(got "much"\)$/],
      [{ ram: 0 }, /^configure\.ram: must be more than 0 bytes \(got 0\)$/],
      [{ rom: 1 }, /^configure\.rom: unknown key; expected one of ram/],
    ] as const
  ) {
    let message = "";
    try {
      configure(options as { ram: number });
    } catch (error) {
      message = (error as Error).message;
    }
    assertMatch(message, expected);
  }
});
