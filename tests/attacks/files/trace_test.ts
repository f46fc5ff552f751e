/** Traces that are damaged, or made by somebody else to harm whoever looks at them. */
import { DatabaseSync } from "node:sqlite";
import {
  assertEquals,
  assertMatch,
  assertStringIncludes,
  assertTrue,
} from "../../support/assert.ts";
import { cli, type Project, project, warmEngines } from "../../support/support.ts";

await warmEngines();

const PROGRAM = `from capsule import task
@task
def part(n): return n
@task
def main(): return len(part.map([1, 2]))`;

/** A project in which one run is on record. */
async function traced(): Promise<Project & { trace: string }> {
  const folder = project({ "main.py": PROGRAM });
  await cli(["run", "main.py"], { cwd: folder.path });
  return Object.assign(folder, { trace: `${folder.path}/.capsule/trace.db` });
}

/** Runs the program: its result counts, whatever its trace is like. Returns what was warned of. */
async function runs(cwd: string): Promise<string> {
  const started = performance.now();
  const { status, stdout, stderr } = await cli(["run", "main.py"], { cwd });
  assertEquals([status, stdout], [0, "2\n"], stderr);
  assertTrue(performance.now() - started < 3000, "it took long");
  assertTrue(stderr.split("\n").length <= 2, stderr);
  return stderr;
}

/** What is on record of the last run. */
async function last(cwd: string): Promise<{ attempts: Attempt[] }> {
  return JSON.parse((await cli(["trace", "--json"], { cwd })).stdout);
}

interface Attempt {
  name: string;
  status: string;
  message: string | null;
}

/** How many tasks the last run has on record, each of them ended. */
async function recorded(cwd: string): Promise<number> {
  const { attempts } = await last(cwd);
  assertEquals(attempts.filter(({ status }) => status !== "completed"), []);
  return attempts.length;
}

Deno.test("a trace that is truncated or overwritten affects neither the result nor later records", async () => {
  using folder = await traced();
  const whole = Deno.readFileSync(folder.trace);
  const damages: Record<string, Uint8Array> = {
    "cut to nothing": whole.subarray(0, 0),
    "cut in its header": whole.subarray(0, 50),
    "cut in a page": whole.subarray(0, 5000),
    "cut by a page": whole.subarray(0, whole.length - 4096),
    "garbage": crypto.getRandomValues(new Uint8Array(10_000)),
    "garbage behind its header": overwritten(whole, 100, 3000),
    "garbage in its tables": overwritten(whole, 4096, whole.length - 4096),
    "another file": new TextEncoder().encode("no database ".repeat(2000)),
  };
  for (const [what, content] of Object.entries(damages)) {
    Deno.writeFileSync(folder.trace, content);
    await runs(folder.path);
    assertEquals(await recorded(folder.path), 3, what);
  }
});

function overwritten(bytes: Uint8Array, start: number, length: number): Uint8Array {
  const changed = bytes.slice();
  crypto.getRandomValues(changed.subarray(start, start + length));
  return changed;
}

Deno.test("of many processes that find a damaged trace, one renames it, and all are recorded in the new one", async () => {
  using folder = project({ "main.py": "def main(): return 1" });
  const cwd = folder.path;
  await cli(["run", "main.py"], { cwd });
  Deno.writeFileSync(`${cwd}/.capsule/trace.db`, crypto.getRandomValues(new Uint8Array(5000)));
  const runs = await Promise.all(
    Array.from({ length: 10 }, () => cli(["run", "main.py"], { cwd })),
  );
  assertEquals(runs.map(({ status, stdout }) => [status, stdout]), Array(10).fill([0, "1\n"]));
  const warnings = runs.map(({ stderr }) => stderr).filter((text) => text !== "");
  assertEquals(warnings.length, 1, warnings.join("\n"));
  assertStringIncludes(warnings[0]!, "it was renamed to");
  const listed = await cli(["list", "--json"], { cwd });
  assertEquals(JSON.parse(listed.stdout).length, 10);
});

Deno.test("a journal that names another file does not delete that file", async () => {
  using folder = await traced();
  using elsewhere = project({ "precious.txt": "precious" });
  for (const command of [["run", "main.py"], ["list"], ["trace"]]) {
    const journal = sharedJournal(
      `${elsewhere.path}/precious.txt`,
      Deno.statSync(folder.trace).size,
    );
    Deno.writeFileSync(`${folder.trace}-journal`, journal);
    const { status, stderr } = await cli(command, { cwd: folder.path });
    assertEquals(status, 0, stderr);
    assertStringIncludes(stderr, 'trace.db-journal", which Capsule did not write');
    assertEquals(elsewhere.read("precious.txt"), "precious");
  }
  assertEquals(await recorded(folder.path), 3);
});

/** A journal to be rolled back, of a transaction over several databases: it names a file of theirs. */
function sharedJournal(named: string, databaseBytes: number): Uint8Array {
  const magic = [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];
  const name = new TextEncoder().encode(named);
  const sum = name.reduce((sum, byte) => sum + byte, 0);
  const journal = new Uint8Array(512 + 4 + name.length + 16);
  const view = new DataView(journal.buffer);
  journal.set(magic);
  // No record, a nonce, the pages of the database, and the sizes of a sector and of a page.
  [0, 1, databaseBytes / 4096, 512, 4096].forEach((value, n) => view.setUint32(8 + 4 * n, value));
  // The page that SQLite locks stands before the name.
  view.setUint32(512, 0x40000000 / 4096 + 1);
  journal.set(name, 516);
  view.setUint32(516 + name.length, name.length);
  view.setUint32(520 + name.length, sum);
  journal.set(magic, 524 + name.length);
  return journal;
}

Deno.test("links next to the trace are not followed", async () => {
  for (const suffix of ["", "-journal", "-wal", "-shm"]) {
    using folder = await traced();
    using elsewhere = project({ "precious.txt": "precious", "empty.txt": "" });
    for (const victim of ["precious.txt", "empty.txt"]) {
      Deno.removeSync(folder.trace);
      await runs(folder.path);
      await Deno.remove(folder.trace + suffix).catch(() => {});
      Deno.symlinkSync(`${elsewhere.path}/${victim}`, folder.trace + suffix);
      await runs(folder.path);
      assertEquals([elsewhere.read("precious.txt"), elsewhere.read("empty.txt")], ["precious", ""]);
      await Deno.remove(folder.trace + suffix).catch(() => {});
      await Deno.writeFile(folder.trace, new Uint8Array(0));
    }
  }
});

Deno.test("a trace of a newer version is left alone, and the command that shows it says why", async () => {
  using folder = await traced();
  {
    using database = new DatabaseSync(folder.trace);
    database.exec("PRAGMA user_version = 99; CREATE TABLE newer (a)");
  }
  const before = Deno.readFileSync(folder.trace);
  assertStringIncludes(await runs(folder.path), "its version is 99, not 2");
  for (const command of ["list", "trace"]) {
    assertEquals(await cli([command], { cwd: folder.path }), {
      status: 2,
      stdout: "",
      stderr: "error: Cannot open the trace: its version is 99, not 2\n",
    });
  }
  assertEquals(Deno.readFileSync(folder.trace), before);
});

Deno.test("pipes in place of the trace's files do not block", async () => {
  for (const suffix of ["", "-journal", "-wal", "-shm"]) {
    using folder = await traced();
    await Deno.remove(folder.trace + suffix).catch(() => {});
    await new Deno.Command("mkfifo", { args: [folder.trace + suffix] }).output();
    assertStringIncludes(await runs(folder.path), "warning: Cannot record this run in the trace");
    const { status, stderr } = await cli(["list"], { cwd: folder.path });
    assertEquals([status, stderr.includes("fault of Capsule")], [2, false], stderr);
  }
});

Deno.test("triggers and views of an untrusted trace are not run", async () => {
  const endless =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
  const tricks = {
    "a trigger": `CREATE TRIGGER t AFTER INSERT ON runs BEGIN ${endless}; END`,
    "a view": `ALTER TABLE runs RENAME TO others; CREATE VIEW runs AS ${endless}`,
    "a default": "ALTER TABLE attempts ADD COLUMN x TEXT DEFAULT ''",
    "a table": "CREATE TABLE others (a)",
    "no table": "DROP TABLE attempts",
  };
  for (const [what, sql] of Object.entries(tricks)) {
    using folder = await traced();
    {
      using database = new DatabaseSync(folder.trace);
      database.exec(`PRAGMA foreign_keys = OFF; ${sql}`);
    }
    const list = await cli(["list"], { cwd: folder.path });
    assertEquals(list.status, 0, what);
    assertMatch(
      list.stderr,
      /^warning: the trace was damaged; it was renamed to ".*\.damaged"\n/,
    );
    assertEquals(await runs(folder.path), "", what);
    assertEquals(await recorded(folder.path), 3, what);
  }
});

Deno.test("rows of an untrusted trace are shown as text, each on one line", async () => {
  using folder = await traced();
  const evil = "\u001b]0;owned\u0007\r\u009b2J\nfake row\t\u202e";
  {
    using database = new DatabaseSync(folder.trace);
    const run = database.prepare("SELECT run FROM runs").get()!.run as string;
    const row = database.prepare(
      "INSERT INTO attempts VALUES (?, ?, ?, ?, ?, ?, 0, 0, 0, 0, ?, ?)",
    );
    // A task that calls itself, and others that nobody called.
    row.run(run, 1, 1, evil, 2, evil, evil, evil);
    row.run(run, 7, 7, evil, 1, evil, evil, evil);
    row.run(run, -5, 1, evil, 1, evil, evil, evil);
    database.prepare("UPDATE runs SET program = ?, status = ?").run(evil, evil);
    const label = database.prepare("INSERT INTO labels VALUES (?, ?, ?)");
    for (let position = 0; position < 1000; position++) label.run(run, position, evil);
  }
  for (const command of ["list", "trace"]) {
    const { status, stdout, stderr } = await cli([command], { cwd: folder.path });
    assertEquals([status, stderr], [0, ""]);
    // deno-lint-ignore no-control-regex
    assertEquals(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/.test(stdout), false, stdout);
    assertEquals(stdout.split("\n").some((line) => line.startsWith("fake")), false, stdout);
  }
});

Deno.test("tasks that are nested without end do not fill the screen", async () => {
  using folder = await traced();
  {
    using database = new DatabaseSync(folder.trace);
    const row = database.prepare(
      "INSERT INTO attempts SELECT run, ?, ?, 'deep', 1, 'completed', 0, 0, 0, 0, NULL, NULL FROM runs",
    );
    database.exec("BEGIN");
    for (let task = 1000; task < 11_000; task++) row.run(task, task === 1000 ? null : task - 1);
    database.exec("COMMIT");
  }
  const { status, stdout, stderr } = await cli(["trace"], { cwd: folder.path });
  assertEquals([status, stderr], [0, ""]);
  assertEquals(stdout.split("\n").filter((line) => line.includes("deep")).length, 10_000);
  assertTrue(stdout.length < 10 << 20, `${stdout.length} characters`);
});

Deno.test("many long messages of failures do not fill the trace", async () => {
  using folder = project({
    "main.py": `from capsule import task
@task
def fails(n): raise ValueError("x" * 16_000)
@task
def main(): return len(fails.map(range(200)))`,
  });
  assertEquals((await cli(["run", "main.py"], { cwd: folder.path })).stdout, "200\n");
  const { size } = Deno.statSync(`${folder.path}/.capsule/trace.db`);
  assertTrue(size < 200 * 6000, `${size} bytes`);
  const { attempts } = await last(folder.path);
  assertMatch(attempts.at(-1)!.message!, /^ValueError: x{900,1000}…$/);
});

Deno.test("SQL in names is literal", async () => {
  const name = `x'); DROP TABLE runs; -- "`;
  using folder = project({
    "main.ts": `import { task } from "@capsule/sdk";
      const odd = task({ name: ${JSON.stringify(name)} }, () => { throw new Error("'\\n;"); });
      task({ name: "main" }, async () => (await odd()).success);`,
  });
  const { stdout } = await cli(["run", "main.ts"], { cwd: folder.path });
  assertEquals(stdout, "false\n");
  const { attempts } = await last(folder.path);
  assertEquals(attempts.map(({ name }) => name), ["main", name]);
});
