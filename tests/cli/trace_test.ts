import { DatabaseSync } from "node:sqlite";
import { assertEquals, assertMatch, assertStringIncludes, assertTrue } from "../support/assert.ts";
import { cli, project, startCli, warmEngines, withOwnMounts } from "../support/support.ts";

await warmEngines();

const PROGRAM = `
import time
from capsule import task

@task(max_retries=1)
def fails(): raise ValueError("no")

@task
def part(n): return n

@task
def parts(n): return part.map(range(n))

@task
def main(seconds=0):
    parts(2)
    assert not fails()["success"]
    time.sleep(float(seconds))
    return "done"`;

/** The run that was the last to start, with its attempts. */
async function last(cwd: string): Promise<Record<string, unknown> & { attempts: Attempt[] }> {
  return JSON.parse((await cli(["trace", "--json"], { cwd })).stdout);
}

interface Attempt {
  name: string;
  attempt: number;
  status: string;
  errorType: string | null;
  durationMs: number;
  fuel: number;
}

Deno.test("list and trace show earlier runs", async () => {
  using folder = project({ "main.py": PROGRAM });
  const cwd = folder.path;
  const none = await cli(["list"], { cwd });
  assertEquals([none.status, none.stdout], [0, ""]);
  assertStringIncludes(none.stderr, "no runs recorded in this project");
  assertEquals((await cli(["trace"], { cwd })).status, 2);
  // Who only looks leaves nothing behind.
  assertEquals(Array.from(Deno.readDirSync(cwd), ({ name }) => name), ["main.py"]);
  const nowhere = await cli(["list", "--cwd", "nowhere"], { cwd });
  assertEquals([nowhere.status, nowhere.stdout], [2, ""]);
  assertStringIncludes(nowhere.stderr, "there is no such folder");

  const { stdout } = await cli(["run", "main.py", "--json"], { cwd });
  const { execution } = JSON.parse(stdout);
  const { attempts, ...run } = await last(cwd);
  assertEquals([run.program, run.status], ["main.py", "completed"]);
  assertEquals(
    attempts.map(({ name, attempt, status, errorType }) => [name, attempt, status, errorType]),
    [
      ["main", 1, "completed", null],
      ["parts", 1, "completed", null],
      ["part", 1, "completed", null],
      ["part", 1, "completed", null],
      ["fails", 1, "failed", "task_error"],
      ["fails", 2, "failed", "task_error"],
    ],
  );
  assertEquals(attempts[0]!.fuel, execution.fuel_consumed);
  for (const { durationMs, fuel } of attempts) assertEquals(durationMs > 0 && fuel > 0, true);

  const tree = (await cli(["trace", String(run.run).slice(0, 9)], { cwd })).stdout;
  assertMatch(tree, /^main +completed +[\d.]+ ms +[\d,]+ +[\d.]+ MB$/m);
  assertMatch(tree, /^├─ parts /m);
  assertMatch(tree, /^│ {2}├─ part /m);
  assertMatch(tree, /^└─ fails \(attempt 2\) .* task_error: ValueError: no$/m);
  const lines = (await cli(["list"], { cwd })).stdout.split("\n");
  assertMatch(lines[1]!, /^\w+ +\d{4}-\d\d-\d\d [\d:]{8} +completed +[\d.]+ m?s +5 +main\.py$/);
  const unknown = await cli(["trace", "zz"], { cwd });
  assertEquals([unknown.status, unknown.stdout], [2, ""]);
});

Deno.test("list shows the runs of a read-only project", async () => {
  using folder = project({ "ran/main.py": PROGRAM, "new/main.py": PROGRAM });
  assertEquals((await cli(["run", "main.py"], { cwd: `${folder.path}/ran` })).status, 0);
  const script = `
    mount --bind "$PWD" "$PWD" && cd "$PWD" && mount -o remount,ro,bind "$PWD"
    for name in ran new; do capsule list --cwd "$PWD/$name" 2>&1; done`;
  const { stdout } = await withOwnMounts(script, { cwd: folder.path });
  const [title, run, none] = stdout.split("\n");
  assertMatch(title!, /^RUN +STARTED/);
  assertMatch(run!, / completed .* main\.py$/);
  assertStringIncludes(none!, "no runs recorded in this project");
});

Deno.test("list distinguishes interrupted and killed runs from finished ones", async () => {
  using folder = project({ "main.py": PROGRAM });
  const cwd = folder.path;
  for (const signal of ["SIGINT", "SIGKILL"] as const) {
    const child = startCli(["run", "main.py", "60"], { cwd });
    await new Promise((resolve) => setTimeout(resolve, 1500));
    child.kill(signal);
    await child.output();
    await child.stdin.close().catch(() => {});
    const { status, attempts } = await last(cwd);
    assertEquals([signal, status, attempts[0]!.status], [signal, "interrupted", "interrupted"]);
    assertEquals(attempts[1]!.status, "completed");
  }
});

Deno.test("a trace that is damaged or missing costs no result", async () => {
  using folder = project({ "main.py": PROGRAM, ".capsule/trace.db": "no database ".repeat(500) });
  const cwd = folder.path;
  const damaged = await cli(["run", "main.py"], { cwd });
  assertEquals([damaged.status, damaged.stdout], [0, "done\n"]);
  assertStringIncludes(damaged.stderr, "warning: the trace was damaged");
  Deno.removeSync(`${cwd}/.capsule`, { recursive: true });
  assertEquals(await cli(["run", "main.py"], { cwd }), { status: 0, stdout: "done\n", stderr: "" });
  // What is no folder cannot hold a trace.
  Deno.removeSync(`${cwd}/.capsule`, { recursive: true });
  folder.write(".capsule", "a file");
  const refused = await cli(["run", "main.py"], { cwd });
  assertEquals([refused.status, refused.stdout], [0, "done\n"]);
  assertStringIncludes(refused.stderr, "warning: Cannot record this run in the trace");
});

Deno.test("labels of a run are shown, and choose runs", async () => {
  using folder = project({ "main.py": PROGRAM });
  const cwd = folder.path;
  assertEquals((await cli(["run", "main.py"], { cwd })).status, 0);
  const unlabelled = await cli(["list"], { cwd });
  assertTrue(!unlabelled.stdout.includes("LABELS"), unlabelled.stdout);
  await cli(["run", "main.py", "--label", "nightly", "--label=for Ä"], { cwd });
  const { stdout } = await cli(["list"], { cwd });
  assertMatch(stdout, /PROGRAM +LABELS\n.* main\.py +nightly, for Ä\n/);
  const listed = JSON.parse((await cli(["list", "--json"], { cwd })).stdout);
  assertEquals(listed.map(({ labels }: { labels: string[] }) => labels), [
    ["nightly", "for Ä"],
    [],
  ]);
  const chosen = await cli(["list", "--label", "nightly", "--label", "for Ä"], { cwd });
  assertEquals(chosen.stdout.trim().split("\n").length, 2);
  assertStringIncludes(
    (await cli(["list", "--label", "x"], { cwd })).stderr,
    "no run has this label",
  );
  assertMatch((await cli(["trace"], { cwd })).stdout, /^.* {2}nightly, for Ä\n/);
  assertEquals(JSON.parse((await cli(["trace", "--json"], { cwd })).stdout).labels, [
    "nightly",
    "for Ä",
  ]);
  const refused = await cli(["run", "main.py", "--label", "a\u001b[31m"], { cwd });
  assertEquals([refused.status, refused.stdout], [2, ""]);
  assertStringIncludes(
    refused.stderr,
    'labels[0]: must be 1 to 64 characters without control characters (got "a\\u001b[31m")',
  );
  assertTrue(!refused.stderr.includes("\u001b"), "it steers the terminal");
});

Deno.test("bad values of --seed and --now are usage errors", async () => {
  using folder = project({ "main.py": PROGRAM });
  for (
    const [args, message] of [
      [["--seed", "x"], 'error: seed: must be a whole number from 0 to 2^53 - 1 (got "x")\n'],
      [["--seed", "9007199254740993"], '(got "9007199254740993")'],
      [["--seed=-1"], "error: seed: must be a whole number"],
      [
        ["--now", "tomorrow"],
        'error: now: must be a date with a time and a time zone (got "tomorrow")\nhint: ',
      ],
    ] as const
  ) {
    const result = await cli(["run", "main.py", ...args], { cwd: folder.path });
    assertEquals([result.status, result.stdout], [2, ""]);
    assertStringIncludes(result.stderr, message);
  }
});

Deno.test("a trace that is locked, of a newer version or read-only costs no result", async () => {
  using folder = project({ "main.py": PROGRAM });
  const cwd = folder.path;
  await cli(["run", "main.py"], { cwd });
  const path = `${cwd}/.capsule/trace.db`;
  const runs = () => {
    using database = new DatabaseSync(path);
    return database.prepare("SELECT count(*) AS runs FROM runs").get()!.runs;
  };
  {
    using database = new DatabaseSync(path);
    database.exec("BEGIN EXCLUSIVE");
    const locked = await cli(["run", "main.py"], { cwd });
    assertEquals([locked.status, locked.stdout], [0, "done\n"]);
    assertStringIncludes(
      locked.stderr,
      "warning: Cannot record this run in the trace: database is locked",
    );
    assertEquals(locked.stderr.split("\n").length, 2, locked.stderr);
    database.exec("ROLLBACK");
  }
  assertEquals(runs(), 1);
  {
    using database = new DatabaseSync(path);
    database.exec("PRAGMA user_version = 99");
  }
  const newer = await cli(["run", "main.py"], { cwd });
  assertEquals([newer.status, newer.stdout], [0, "done\n"]);
  assertStringIncludes(newer.stderr, "its version is 99");
  assertEquals(runs(), 1, "what a newer version wrote stays");

  // Root may write where nobody may: what is no file at all refuses root, too.
  Deno.removeSync(path);
  Deno.mkdirSync(path);
  const refused = await cli(["run", "main.py"], { cwd });
  assertEquals([refused.status, refused.stdout], [0, "done\n"]);
  assertStringIncludes(refused.stderr, "warning: Cannot record this run in the trace");
});
