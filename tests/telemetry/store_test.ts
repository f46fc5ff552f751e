import { assertEquals, assertStringIncludes, assertThrows } from "../support/assert.ts";
import { project } from "../support/support.ts";
import { TraceRecorder } from "../../telemetry/recorder.ts";
import { type AttemptRow, type RunRow, TraceStore } from "../../telemetry/store.ts";
import { Database } from "../../ffi/database.ts";
// It tells where the library lies.
import "../../install/installation.ts";

const RUN: RunRow = {
  run: "abc",
  program: "main.ts",
  status: "running",
  startedMs: 1000.5,
  durationMs: null,
  labels: [],
};
const ATTEMPT: AttemptRow = {
  run: "abc",
  task: 1,
  parent: null,
  name: "main",
  attempt: 1,
  status: "running",
  startedMs: 1001,
  durationMs: null,
  fuel: null,
  ram: null,
  errorType: null,
  message: null,
};

function withStore(
  root: string,
  use: (store: TraceStore, warnings: string[]) => void,
): void {
  const warnings: string[] = [];
  const store = new TraceStore(root, (message) => warnings.push(message));
  use(store, warnings);
  store.close();
}

/** Runs one task through a recorder. Returns what it warned of. */
async function record(root: string): Promise<string[]> {
  const warnings: string[] = [];
  const recorder = new TraceRecorder(
    root,
    { program: "main.ts", startedMs: 1 },
    (message) => warnings.push(message),
  );
  recorder.observe({ type: "task_started", task: 1, parent: null, name: "main" });
  await recorder.finish("completed");
  return warnings;
}

Deno.test("runs are read back as written, the latest first", () => {
  using folder = project();
  const ended = { ...RUN, status: "completed", durationMs: 5 } as const;
  const attempt = {
    ...ATTEMPT,
    status: "failed",
    durationMs: 4.5,
    fuel: 2 ** 50,
    ram: 2 ** 32,
    errorType: "task_error",
    message: "no 'quotes'; \u0001",
  } as const;
  withStore(folder.path, (store) => {
    store.write(RUN, [ATTEMPT]);
    store.write({ ...RUN, run: "abd", startedMs: 2000 }, []);
    assertEquals(store.runs(1).map(({ run, tasks }) => [run, tasks]), [["abd", 0]]);
    store.write(ended, [attempt, { ...ATTEMPT, task: 2, parent: 1 }]);
  });
  withStore(folder.path, (store) => {
    assertEquals(store.runs(10)[1], { ...ended, tasks: 2 });
    assertEquals(store.attempts("abc")[0], attempt);
    assertEquals(store.find("ab").length, 2);
    assertEquals(store.find("abc"), [ended]);
    assertEquals(store.find("%"), []);
  });
  assertEquals(folder.read(".capsule/.gitignore"), "*\n");
});

Deno.test("labels are kept with their run, in their order, and forgotten with it", () => {
  using folder = project();
  const labels = ["nightly", "a 'quote'; --", "nightly"];
  withStore(folder.path, (store) => {
    store.write({ ...RUN, labels }, []);
    store.write({ ...RUN, labels, status: "completed" }, []);
    store.write({ ...RUN, run: "abd", labels: ["nightly"], startedMs: 2000 }, []);
    store.write({ ...RUN, run: "abe", startedMs: 3000 }, []);
    assertEquals(store.find("abc").map(({ labels }) => labels), [labels]);
    const runs = (...labels: string[]) => store.runs(9, labels).map(({ run }) => run);
    assertEquals(runs(), ["abe", "abd", "abc"]);
    assertEquals(runs("nightly"), ["abd", "abc"]);
    assertEquals(runs("nightly", "a 'quote'; --"), ["abc"]);
    assertEquals([runs("night"), runs("nightly", "other")], [[], []]);
    for (let number = 0; number < 1000; number++) {
      store.write({ ...RUN, run: `${number}`, startedMs: 4000, status: "completed" }, []);
    }
    assertEquals(runs("nightly"), []);
  });
  const database = new Database(`${folder.path}/.capsule/trace.db`);
  assertEquals(database.all("SELECT * FROM labels"), []);
  database.close();
});

/** Makes the trace of a project what the version before would have made of it. */
function withoutLabels(root: string): void {
  const database = new Database(`${root}/.capsule/trace.db`);
  database.execute([{ sql: "DROP TABLE labels; PRAGMA user_version = 1" }]);
  database.close();
}

Deno.test("a trace of the version before is kept, and has labels from then on", async () => {
  using folder = project();
  withStore(folder.path, (store) => store.write(RUN, [ATTEMPT]));
  withoutLabels(folder.path);
  withStore(folder.path, (store, warnings) => {
    assertEquals(store.find("abc"), [RUN]);
    store.write({ ...RUN, run: "abd", labels: ["new"] }, []);
    assertEquals(store.runs(9).map(({ run, labels }) => [run, labels]), [["abd", ["new"]], [
      "abc",
      [],
    ]]);
    assertEquals(warnings, []);
  });
  withoutLabels(folder.path);
  assertEquals(await record(folder.path), []);
  const database = new Database(`${folder.path}/.capsule/trace.db`);
  database.execute([{ sql: "PRAGMA user_version = 1" }]);
  database.close();
  // It says that it is older, and has a table that older ones had not.
  assertStringIncludes((await record(folder.path)).join(), "it was renamed to");
});

Deno.test("runs whose process is gone were interrupted", () => {
  using folder = project();
  withStore(folder.path, (store) => {
    store.write(RUN, [ATTEMPT, { ...ATTEMPT, task: 2, status: "completed" }]);
    store.write({ ...RUN, run: "mine" }, []);
  });
  const database = new Database(`${folder.path}/.capsule/trace.db`);
  // Numbers of processes end at 2^22.
  database.execute([{ sql: "UPDATE runs SET process = 999999999 WHERE run = 'abc'" }]);
  database.close();
  withStore(folder.path, (store) => {
    store.markInterrupted();
    assertEquals(store.find("abc")[0]?.status, "interrupted");
    assertEquals(store.attempts("abc").map(({ status }) => status), ["interrupted", "completed"]);
    assertEquals(store.find("mine")[0]?.status, "running");
  });
});

Deno.test("the oldest runs are forgotten, with their attempts", () => {
  using folder = project();
  withStore(folder.path, (store) => {
    for (let number = 0; number < 1003; number++) {
      const run = `run${number}`;
      store.write({ ...RUN, run, startedMs: number, status: "completed" }, [{ ...ATTEMPT, run }]);
    }
    assertEquals(store.runs(2000).length, 1000);
    assertEquals([store.attempts("run2"), store.attempts("run3").length], [[], 1]);
  });
});

Deno.test("a damaged trace is renamed, and a new one begun", async () => {
  using folder = project({ ".capsule/trace.db": "this is no database ".repeat(1000) });
  assertStringIncludes((await record(folder.path)).join(), "it was renamed to");
  assertStringIncludes(folder.read(".capsule/trace.db.damaged"), "no database");
  withStore(folder.path, (store) => assertEquals(store.runs(5).length, 1));
  const trace = Deno.readFileSync(`${folder.path}/.capsule/trace.db`);
  folder.write(".capsule/trace.db", trace.fill(7, 4096));
  assertStringIncludes((await record(folder.path)).join(), "it was renamed to");
  assertEquals(await record(folder.path), []);
});

Deno.test("a process that opened a damaged trace does not rename the next one", async () => {
  using folder = project({ ".capsule/trace.db": "this is no database ".repeat(1000) });
  const warnings: string[] = [];
  const late = new TraceStore(folder.path, (message) => warnings.push(message));
  assertStringIncludes((await record(folder.path)).join(), "it was renamed to");
  late.write(RUN, [ATTEMPT]);
  late.close();
  assertEquals(warnings, []);
  withStore(folder.path, (store) => assertEquals(store.runs(5).length, 2));
  assertStringIncludes(folder.read(".capsule/trace.db.damaged"), "no database");
});

Deno.test("a trace that was taken away while a program ran is begun anew", async () => {
  using folder = project();
  assertEquals(await record(folder.path), []);
  const warnings: string[] = [];
  const recorder = new TraceRecorder(
    folder.path,
    { program: "main.ts", startedMs: 2 },
    (message) => warnings.push(message),
  );
  recorder.observe({ type: "program_loading", language: "javascript" });
  recorder.observe({ type: "task_started", task: 1, parent: null, name: "main" });
  Deno.removeSync(`${folder.path}/.capsule`, { recursive: true });
  await recorder.finish("completed");
  assertEquals(warnings, []);
  withStore(folder.path, (store) => {
    assertEquals(store.runs(5).map(({ startedMs, tasks }) => [startedMs, tasks]), [[2, 1]]);
  });
});

Deno.test("a database with foreign tables is not a new trace", async () => {
  for (const table of ["foo (x)", "runs (x)"]) {
    using folder = project({ ".capsule/none": "" });
    const other = new Database(`${folder.path}/.capsule/trace.db`);
    other.execute([{ sql: `CREATE TABLE ${table}` }]);
    other.close();
    const [warning, ...rest] = await record(folder.path);
    assertStringIncludes(warning!, "it was renamed to");
    assertEquals(rest, []);
    assertEquals(await record(folder.path), []);
    withStore(folder.path, (store) => assertEquals(store.runs(5).length, 2));
  }
});

Deno.test("a trace that cannot be used is a warning, once", async () => {
  using folder = project();
  assertEquals(await record(folder.path), []);
  const path = `${folder.path}/.capsule/trace.db`;
  // Locks are those of a process: another copy of SQLite in this one would see none.
  const other = new Database(path);
  other.execute([{ sql: "BEGIN EXCLUSIVE" }]);
  const locked = await record(folder.path);
  other.execute([{ sql: "ROLLBACK; PRAGMA user_version = 7" }]);
  other.close();
  assertEquals(locked.length, 1);
  assertStringIncludes(locked[0]!, "Cannot record this run in the trace: database is locked");
  assertStringIncludes((await record(folder.path)).join(), "its version is 7, not 2");

  for (const rest of ["", "-wal", "-shm"]) {
    await Deno.remove(path + rest).catch(() => {});
  }
  Deno.symlinkSync("/etc/hostname", path);
  assertStringIncludes((await record(folder.path)).join(), "it is a symbolic link");
  assertThrows(() => new TraceStore(folder.path, () => {}), Error, "it is a symbolic link");
  Deno.removeSync(path);
  Deno.mkdirSync(path);
  assertEquals((await record(folder.path)).length, 1);
});
