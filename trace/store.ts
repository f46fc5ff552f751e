/** `trace.db`: what ran in a project. */
import { makeProjectFolder, projectFolder } from "../compiler/folder.ts";
import { CapsuleError } from "../errors.ts";
import { type Database, platform, type SqlValue } from "../platform/mod.ts";
import { join } from "../platform/path.ts";

/** How a run or an attempt stands. */
export type Status = "running" | "completed" | "failed" | "cancelled" | "interrupted";

/** One run. */
export interface RunRow {
  run: string;
  /** As messages call it. */
  program: string;
  status: Status;
  /** Milliseconds since 1970. */
  startedMs: number;
  /** Null while it runs. */
  durationMs: number | null;
}

/** One attempt of a task. The figures are null while it runs. */
export interface AttemptRow {
  run: string;
  /** Tasks are numbered within their run. */
  task: number;
  parent: number | null;
  name: string;
  /** 1 is the first. */
  attempt: number;
  status: Status;
  startedMs: number;
  durationMs: number | null;
  fuel: number | null;
  /** Bytes. */
  ram: number | null;
  errorType: string | null;
  message: string | null;
}

const FILE = "trace.db";
/** Of the files that SQLite keeps beside it. */
const SUFFIXES = ["-journal", "-wal", "-shm"];
/** Changes when the tables do. */
const VERSION = 1;
/** Older runs are forgotten. */
const RUNS_AT_MOST = 1000;
/** How long a statement waits for another process. */
const BUSY_MS = 200;
/** SQLite's codes for a file that is damaged, or none of its own. */
const DAMAGED = [11, 26];
/** Its code for a file that another process has locked. */
const BUSY = 5;

/** Their text is what a file is known by: changes of it, too, need another version. */
const TABLES = `
  CREATE TABLE runs (
    run TEXT PRIMARY KEY, program TEXT NOT NULL, status TEXT NOT NULL, started_ms REAL NOT NULL,
    duration_ms REAL, process INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE attempts (
    run TEXT NOT NULL REFERENCES runs(run) ON DELETE CASCADE, task INTEGER NOT NULL, parent INTEGER,
    name TEXT NOT NULL, attempt INTEGER NOT NULL, status TEXT NOT NULL, started_ms REAL NOT NULL,
    duration_ms REAL, fuel INTEGER, ram INTEGER, error_type TEXT, message TEXT,
    PRIMARY KEY (run, task, attempt)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX runs_by_start ON runs(started_ms);
  PRAGMA user_version = ${VERSION};
`;

/** The trace of one project, open. */
export class TraceStore {
  readonly #database: Database;

  private constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Opens the trace of a project, and makes it if it is missing. One that is damaged is set aside.
   *
   * @param warn Hears of what was set aside.
   * @throws An error of SQLite or of the system, where it cannot be used.
   */
  static async open(root: string, warn: (message: string) => void): Promise<TraceStore> {
    const path = pathOf(root);
    try {
      return await openAt(path);
    } catch (error) {
      if (!isDamage(error)) throw error;
      setAside(root, warn);
      return await openAt(path);
    }

    async function openAt(path: string): Promise<TraceStore> {
      for (const suffix of SUFFIXES) {
        // SQLite would wait for whoever writes into a pipe.
        const isOther = platform.stat(path + suffix)?.isFile === false;
        if (isOther) throw unusable(`"${path + suffix}" is no file`);
      }
      removeForeignJournal(path, warn);
      const database = await platform.openDatabase(path);
      try {
        prepare(database);
        return new TraceStore(database);
      } catch (error) {
        database.close();
        throw error;
      }
    }
  }

  /** Writes a run and attempts of it, in place of what was written of them before. */
  write(run: RunRow, attempts: AttemptRow[]): void {
    this.#transaction(() => {
      const { run: id, program, status, startedMs, durationMs } = run;
      this.#database.run(
        `INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (run) DO UPDATE
         SET status = excluded.status, duration_ms = excluded.duration_ms`,
        ...[id, program, status, startedMs, durationMs, platform.processId],
      );
      for (const row of attempts) {
        this.#database.run(
          `INSERT OR REPLACE INTO attempts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
          ...[row.run, row.task, row.parent, row.name, row.attempt, row.status, row.startedMs],
          ...[row.durationMs, row.fuel, row.ram, row.errorType, row.message],
        );
      }
      if (status === "running") return;
      this.#database.run(
        `DELETE FROM runs WHERE run IN
         (SELECT run FROM runs ORDER BY started_ms DESC LIMIT -1 OFFSET ?)`,
        RUNS_AT_MOST,
      );
    });
  }

  /** Runs whose process is gone did not end: says so of them. */
  markInterrupted(): void {
    const running = this.#database.all("SELECT run, process FROM runs WHERE status = 'running'");
    const gone = running.filter(({ process }) => !platform.isAlive(Number(process)));
    if (gone.length === 0) return;
    this.#transaction(() => {
      for (const { run } of gone) {
        for (const table of ["runs", "attempts"]) {
          this.#database.run(
            `UPDATE ${table} SET status = 'interrupted' WHERE run = ? AND status = 'running'`,
            run!,
          );
        }
      }
    });
  }

  /** The latest runs, the last one first. */
  runs(atMost: number): (RunRow & { tasks: number })[] {
    const rows = this.#database.all(
      `SELECT *, (SELECT count(DISTINCT task) FROM attempts WHERE attempts.run = runs.run) AS tasks
       FROM runs ORDER BY started_ms DESC, run DESC LIMIT ?`,
      atMost,
    );
    return rows.map((row) => ({ ...runOf(row), tasks: Number(row.tasks) }));
  }

  /** Runs whose name begins so. */
  find(prefix: string): RunRow[] {
    return this.#database.all(
      "SELECT * FROM runs WHERE substr(run, 1, ?) = ?",
      prefix.length,
      prefix,
    )
      .map(runOf);
  }

  /** All attempts of a run, in the order in which they started. */
  attempts(run: string): AttemptRow[] {
    const rows = this.#database.all(
      "SELECT * FROM attempts WHERE run = ? ORDER BY task, attempt",
      run,
    );
    return rows.map((row) => ({
      run,
      task: Number(row.task),
      parent: row.parent as number | null,
      name: String(row.name),
      attempt: Number(row.attempt),
      status: row.status as Status,
      startedMs: Number(row.started_ms),
      durationMs: row.duration_ms as number | null,
      fuel: row.fuel as number | null,
      ram: row.ram as number | null,
      errorType: row.error_type as string | null,
      message: row.message as string | null,
    }));
  }

  close(): void {
    this.#database.close();
  }

  #transaction(work: () => void): void {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      work();
      this.#database.exec("COMMIT");
    } catch (error) {
      this.#database.exec("ROLLBACK");
      throw error;
    }
  }
}

/** Whether the file of a trace is damaged, or no trace at all. */
export function isDamage(error: unknown): boolean {
  if (error instanceof ForeignTables) return true;
  const { errcode, message } = error as { errcode?: number; message?: string };
  // Several statements at once fail without a code.
  return errcode === undefined
    ? /is not a database|is malformed/.test(message ?? "")
    : DAMAGED.includes(errcode & 0xff);
}

/** Whether another process was writing for as long as one may wait. */
export function isLocked(error: unknown): boolean {
  const { errcode, message } = error as { errcode?: number; message?: string };
  return errcode === undefined ? /is locked/.test(message ?? "") : (errcode & 0xff) === BUSY;
}

/** Gives the trace of a project another name: the next one begins anew. */
export function setAside(root: string, warn: (message: string) => void): void {
  const path = pathOf(root);
  const aside = `${path}.damaged`;
  platform.rename(path, aside);
  for (const suffix of SUFFIXES) platform.remove(path + suffix);
  warn(`the trace was damaged, and is set aside as "${aside}"`);
}

/** For whoever wants to see the trace, a mistake; for whoever runs a program, a warning. */
function unusable(problem: string): CapsuleError {
  return new CapsuleError("file_not_found", problem);
}

/** @throws An error for a folder that is not there and cannot be made, or that leads elsewhere. */
function pathOf(root: string): string {
  const folder = makeProjectFolder(root);
  if (folder === undefined) throw unusable(`"${projectFolder(root)}" leads elsewhere`);
  const path = join(folder, FILE);
  if (platform.realPath(path) !== path) throw unusable(`"${path}" leads elsewhere`);
  return path;
}

/** The last bytes of a journal that belongs to several databases. */
const SHARED_JOURNAL = [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];

/**
 * Removes a journal that names another file, which SQLite would delete once it has rolled back. Capsule
 * writes none: it came with somebody's repository.
 */
function removeForeignJournal(path: string, warn: (message: string) => void): void {
  const journal = `${path}-journal`;
  const end = platform.readFile(journal)?.subarray(-SHARED_JOURNAL.length) ?? [];
  if (SHARED_JOURNAL.some((byte, index) => end[index] !== byte)) return;
  platform.remove(journal);
  warn(`"${journal}" was not Capsule's, and is removed`);
}

/** Tables, views or triggers that Capsule did not make: what they compute is not for it to run. */
class ForeignTables extends Error {}

function checkTables(database: Database): void {
  const rows = database.all("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL");
  const isOurs = rows.length === 3 && rows.every(({ sql }) => TABLES.includes(`${sql};`));
  if (!isOurs) throw new ForeignTables("the tables of the trace are somebody else's");
}

function prepare(database: Database): void {
  database.exec(
    `PRAGMA busy_timeout = ${BUSY_MS}; PRAGMA foreign_keys = ON; PRAGMA synchronous = OFF`,
  );
  const [row] = database.all("PRAGMA user_version");
  const version = Number(row?.user_version);
  if (version === VERSION) return checkTables(database);
  if (version !== 0) throw unusable(`the trace is of version ${version}, not ${VERSION}`);
  database.exec("PRAGMA synchronous = OFF");
  database.exec("BEGIN IMMEDIATE");
  // Another process may have been first.
  if (Number(database.all("PRAGMA user_version")[0]?.user_version) === 0) database.exec(TABLES);
  database.exec("COMMIT");
}

function runOf(row: Record<string, SqlValue>): RunRow {
  return {
    run: String(row.run),
    program: String(row.program),
    status: row.status as Status,
    startedMs: Number(row.started_ms),
    durationMs: row.duration_ms as number | null,
  };
}
