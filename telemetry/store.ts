/** `trace.db`: what ran in a project. */
import { changeProject, projectFolder } from "../cache/project_folder.ts";
import { readHostFile, SOURCE_BYTES_AT_MOST } from "../ffi/host_file.ts";
import { CapsuleError } from "../errors/error.ts";
import { Database, DatabaseError, type Row, type Statement } from "../ffi/database.ts";
import { platform } from "../platform/mod.ts";
import { dirname, join } from "../platform/path.ts";

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
  /** What whoever started it calls it. */
  labels: string[];
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
/** Of the files that SQLite keeps beside it, the journal first. */
const SUFFIXES = ["-journal", "-wal", "-shm"];
/** Changes when the tables do. */
const VERSION = 2;
/** The one before, which had no labels. */
const WITHOUT_LABELS = 1;
/** More are shown of no run: the file may be somebody else's. */
const LABELS_AT_MOST = 16;
/** Older runs are forgotten. */
const RUNS_AT_MOST = 1000;
/** How long a statement waits for another process. */
const BUSY_MS = 200;
/** SQLite's codes for a file that is damaged, or none of its own. */
const DAMAGED = [11, 26];
/** Its code for a file that another process has locked. */
const BUSY = 5;
/** Its codes for one that may not be written or opened, or has another name by now. */
const MOVED = [8, 14];
/** Its code for a statement about tables that are not there. */
const NO_TABLE = 1;
/** How often a trace is set aside that others set aside at the same time. */
const SET_ASIDE_AT_MOST = 3;

/** What a trace of the version before lacks. A table of its own, so that the others keep their text. */
const LABELS = `
  CREATE TABLE labels (
    run TEXT NOT NULL REFERENCES runs(run) ON DELETE CASCADE, position INTEGER NOT NULL,
    label TEXT NOT NULL, PRIMARY KEY (run, position)
  ) STRICT, WITHOUT ROWID;
  PRAGMA user_version = ${VERSION};
`;
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
${LABELS}`;
/** How many tables and indices there are by version. */
const TABLES_OF: Record<number, number> = { [WITHOUT_LABELS]: 3, [VERSION]: 4 };

/**
 * What is asked as soon as a trace is opened: {@link TraceStore} waits for it when it is first used. Version and tables are
 * those of one moment.
 */
const OPENING: Statement[] = [
  { sql: `PRAGMA busy_timeout = ${BUSY_MS}; PRAGMA foreign_keys = ON; PRAGMA synchronous = OFF` },
  { sql: "BEGIN" },
  { sql: "PRAGMA user_version", values: [[]] },
  { sql: "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL", values: [[]] },
  { sql: "COMMIT" },
];
const RUNNING = "SELECT run, process FROM runs WHERE status = 'running'";
const WRITE_RUN = `
  INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (run) DO UPDATE
  SET status = excluded.status, duration_ms = excluded.duration_ms`;
const WRITE_ATTEMPT = "INSERT OR REPLACE INTO attempts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
const WRITE_LABEL = "INSERT OR IGNORE INTO labels VALUES (?, ?, ?)";
const FORGET = `
  DELETE FROM runs WHERE run IN
  (SELECT run FROM runs ORDER BY started_ms DESC LIMIT -1 OFFSET ?)`;
/** Prepared as soon as a trace is opened, and run by nothing. */
const PREPARED: Statement[] = [RUNNING, WRITE_RUN, WRITE_ATTEMPT, FORGET]
  .map((sql) => ({ sql, values: [] }));
const BEGIN: Statement = { sql: "BEGIN IMMEDIATE" };
const COMMIT: Statement = { sql: "COMMIT" };

/**
 * The trace of one project, open. What it is asked for waits until it is: every method throws an error of SQLite or of
 * the system where the trace cannot be used. One that is damaged is set aside.
 */
export class TraceStore {
  readonly #root: string;
  readonly #warn: (message: string) => void;
  #database: Database;
  /** Of the file that is opened, or of none. */
  #inode: number | undefined;
  #isReady = false;
  /** Not, if it is an older one that may not be written. */
  #hasLabels = true;

  /**
   * Begins to open the trace of a project, which is made if it is missing.
   *
   * @param warn Hears of what was set aside.
   * @throws An error of the system, where there can be none.
   */
  constructor(root: string, warn: (message: string) => void) {
    this.#root = root;
    this.#warn = warn;
    this.#database = this.#open();
  }

  /**
   * Writes a run and attempts of it, in place of what was written of them before.
   *
   * @param meanwhile Done while another thread writes.
   */
  write(
    { run, program, status, startedMs, durationMs, labels }: RunRow,
    attempts: AttemptRow[],
    meanwhile?: () => void,
  ): void {
    const database = this.#use();
    database.submit([
      { sql: RUNNING, values: [[]] },
      BEGIN,
      {
        sql: WRITE_RUN,
        values: [[run, program, status, startedMs, durationMs, platform.processId]],
      },
      ...labels.length === 0 ? [] : [{
        sql: WRITE_LABEL,
        values: labels.map((label, position) => [run, position, label]),
      }],
      {
        sql: WRITE_ATTEMPT,
        values: attempts.map((row) => [
          ...[row.run, row.task, row.parent, row.name, row.attempt, row.status, row.startedMs],
          ...[row.durationMs, row.fuel, row.ram, row.errorType, row.message],
        ]),
      },
      { sql: FORGET, values: status === "running" ? [] : [[RUNS_AT_MOST]] },
      COMMIT,
    ]);
    meanwhile?.();
    const [running] = database.take();
    this.#markInterrupted(running!);
  }

  /** Runs whose process is gone did not end: says so of them, where the trace may be written. */
  markInterrupted(): void {
    const running = this.#use().all(RUNNING);
    try {
      this.#markInterrupted(running);
    } catch (error) {
      if (!isMoved(error)) throw error;
    }
  }

  #markInterrupted(running: Row[]): void {
    const gone = running.filter(({ process }) => !platform.isAlive(Number(process)));
    if (gone.length === 0) return;
    const updates = ["runs", "attempts"].map((table) => ({
      sql: `UPDATE ${table} SET status = 'interrupted' WHERE run = ? AND status = 'running'`,
      values: gone.map(({ run }) => [run!]),
    }));
    this.#database.execute([BEGIN, ...updates, COMMIT]);
  }

  /** The latest runs that have all these labels, the last one first. */
  runs(atMost: number, labels: string[] = []): (RunRow & { tasks: number })[] {
    const database = this.#use();
    if (labels.length > 0 && !this.#hasLabels) return [];
    const labelled = labels.map(() => "AND run IN (SELECT run FROM labels WHERE label = ?)");
    const rows = database.all(
      `SELECT *, ${this.#labels} AS labels,
         (SELECT count(DISTINCT task) FROM attempts WHERE attempts.run = runs.run) AS tasks
       FROM runs WHERE true ${labelled.join(" ")} ORDER BY started_ms DESC, run DESC LIMIT ?`,
      ...labels,
      atMost,
    );
    return rows.map((row) => ({ ...runOf(row), tasks: Number(row.tasks) }));
  }

  /** Runs whose name begins so. */
  find(prefix: string): RunRow[] {
    const database = this.#use();
    const rows = database.all(
      `SELECT *, ${this.#labels} AS labels FROM runs WHERE substr(run, 1, ?) = ?`,
      prefix.length,
      prefix,
    );
    return rows.map(runOf);
  }

  /** SQL for the labels of a run, as a JSON array. */
  get #labels(): string {
    if (!this.#hasLabels) return "'[]'";
    return `(SELECT json_group_array(label) FROM (SELECT label FROM labels
      WHERE labels.run = runs.run ORDER BY position LIMIT ${LABELS_AT_MOST}))`;
  }

  /** All attempts of a run, in the order in which they started. */
  attempts(run: string): AttemptRow[] {
    const rows = this.#use().all(
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

  #open(): Database {
    const path = pathOf(this.#root);
    // Before SQLite opens it: should somebody put another file there in between, that one is opened and judged.
    this.#inode = checkFiles(this.#root, path, this.#warn);
    const database = new Database(path);
    database.submit([...OPENING, ...PREPARED]);
    return database;
  }

  /** The database, once it is known to be a trace. */
  #use(): Database {
    for (let times = 0; !this.#isReady; times++) {
      try {
        this.#hasLabels = prepare(this.#database);
        this.#isReady = true;
      } catch (error) {
        this.#database.close();
        if (!isDamage(error) || times === SET_ASIDE_AT_MOST) throw error;
        this.setAside();
        this.#database = this.#open();
      }
    }
    return this.#database;
  }

  /**
   * Gives the file of a trace that is damaged another name: the next one begins anew. One that somebody else has put in its
   * place stays.
   */
  setAside(): void {
    const path = pathOf(this.#root);
    if (platform.stat(path)?.inode !== this.#inode) return;
    const aside = `${FILE}.damaged`;
    // While nobody can be writing a good one.
    for (const suffix of SUFFIXES) changeProject(this.#root, { do: "remove", name: FILE + suffix });
    changeProject(this.#root, { do: "rename", name: FILE, to: aside });
    this.#warn(`the trace was damaged, and is set aside as "${path}.damaged"`);
  }
}

/** Whether a project has a trace. */
export function hasTrace(root: string): boolean {
  return platform.exists(join(projectFolder(root), FILE));
}

/** Whether the file of a trace is damaged, or no trace at all. */
export function isDamage(error: unknown): boolean {
  if (error instanceof ForeignTables) return true;
  return error instanceof DatabaseError && DAMAGED.includes(error.code ?? 0);
}

/** Whether another process was writing for as long as one may wait. */
export function isLocked(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === BUSY;
}

/** Whether somebody has set the file aside that was open here, or nobody may write to it. */
export function isMoved(error: unknown): boolean {
  return error instanceof DatabaseError && MOVED.includes(error.code ?? 0);
}

/** For whoever wants to see the trace, a mistake; for whoever runs a program, a warning. */
function unusable(problem: string): CapsuleError {
  return new CapsuleError("file_not_found", problem);
}

/** @throws An error for a folder that is not there and cannot be made, or that leads elsewhere. */
function pathOf(root: string): string {
  changeProject(root, { do: "make", name: "" });
  const path = join(projectFolder(platform.realPath(root)), FILE);
  if (platform.realPath(path) !== path) throw unusable(`"${path}" leads elsewhere`);
  return path;
}

/**
 * Looks at what lies where SQLite will write, which follows no link. Returns the inode of the trace, if there is one.
 *
 * @throws An error for what is no file: SQLite would wait for whoever writes into a pipe.
 */
function checkFiles(
  root: string,
  path: string,
  warn: (message: string) => void,
): number | undefined {
  const [trace, journal] = ["", ...SUFFIXES].map((suffix) => {
    const stat = platform.stat(path + suffix);
    if (stat?.isFile === false) throw unusable(`"${path + suffix}" is no file`);
    return stat;
  });
  if (journal !== undefined) removeForeignJournal(root, path, warn);
  return trace?.inode;
}

/** The last bytes of a journal that belongs to several databases. */
const SHARED_JOURNAL = [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];

/**
 * Removes a journal that names another file, which SQLite would delete once it has rolled back. Capsule
 * writes none: it came with somebody's repository.
 */
function removeForeignJournal(
  root: string,
  path: string,
  warn: (message: string) => void,
): void {
  const journal = `${path}-journal`;
  const options = { maxBytes: SOURCE_BYTES_AT_MOST, inside: dirname(path) };
  const content = readHostFile(journal, { ...options, code: "file_not_found" });
  const end = content?.subarray(-SHARED_JOURNAL.length) ?? [];
  if (SHARED_JOURNAL.some((byte, index) => end[index] !== byte)) return;
  changeProject(root, { do: "remove", name: `${FILE}-journal` });
  warn(`"${journal}" was not Capsule's, and is removed`);
}

/** Tables, views or triggers that Capsule did not make: what they compute is not for it to run. */
class ForeignTables extends Error {}

/**
 * Waits until a database is open, and makes the tables that are missing in one that is new, or of the version before. Returns
 * whether there are labels: an older one that may not be written has none.
 *
 * @throws An error for what is no trace, or one of another version.
 */
function prepare(database: Database): boolean {
  const [, , versions, tables] = opened(database);
  const version = Number(versions?.[0]?.user_version);
  checkTables(version, tables!);
  if (version === VERSION) return true;
  try {
    database.execute([BEGIN]);
  } catch (error) {
    if (version === WITHOUT_LABELS && isMoved(error)) return false;
    throw error;
  }
  // Another process may have been first.
  const present = Number(database.all("PRAGMA user_version")[0]?.user_version);
  const missing = present === 0 ? TABLES : present === WITHOUT_LABELS ? LABELS : undefined;
  database.execute(missing === undefined ? [COMMIT] : [{ sql: missing }, COMMIT]);
  return true;
}

/** What {@link OPENING} gives. */
function opened(database: Database): Row[][] {
  try {
    return database.take();
  } catch (error) {
    // Without its tables, nothing can be prepared.
    const isNew = error instanceof DatabaseError && error.code === NO_TABLE;
    if (!isNew) throw error;
    return database.execute(OPENING);
  }
}

function checkTables(version: number, rows: Row[]): void {
  if (version === 0 && rows.length === 0) return;
  if (version === 0) throw new ForeignTables("somebody else's tables are in the trace");
  const count = TABLES_OF[version];
  if (count === undefined) throw unusable(`the trace is of version ${version}, not ${VERSION}`);
  const isOurs = rows.length === count && rows.every(({ sql }) => TABLES.includes(`${sql};`));
  if (!isOurs) throw new ForeignTables("the tables of the trace are somebody else's");
}

function runOf(row: Row): RunRow {
  return {
    run: String(row.run),
    program: String(row.program),
    status: row.status as Status,
    startedMs: Number(row.started_ms),
    durationMs: row.duration_ms as number | null,
    labels: JSON.parse(String(row.labels)),
  };
}
