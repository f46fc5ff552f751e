/** `trace.db`: the runs of a project. */
import { changeProject, projectFolder } from "../cache/project_folder.ts";
import { readHostFile, SOURCE_BYTES_AT_MOST } from "../ffi/host_file.ts";
import { CapsuleError } from "../errors/error.ts";
import { Database, DatabaseError, type Row, type Statement } from "../ffi/database.ts";
import { platform } from "../platform/mod.ts";
import { dirname, join } from "../platform/path.ts";

/** The status of a run or an attempt. */
export type Status = "running" | "completed" | "failed" | "cancelled" | "interrupted";

/** One run. */
export interface RunRow {
  run: string;
  /** The program's path within the project; `-` for standard input. */
  program: string;
  status: Status;
  /** Milliseconds since 1970. */
  startedMs: number;
  /** Null while it runs. */
  durationMs: number | null;
  /** From `--label`. */
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
/** Suffixes of the files that SQLite keeps beside it; the journal must be first. */
const SUFFIXES = ["-journal", "-wal", "-shm"];
/** The version of the tables. Increase it with each change of their SQL. */
const VERSION = 2;
/** The version before, without labels. */
const WITHOUT_LABELS = 1;
/** More labels of a run are not shown: the file may be untrusted. */
const LABELS_AT_MOST = 16;
/** Older runs are deleted. */
const RUNS_AT_MOST = 1000;
/** How long a statement waits for another process. */
const BUSY_MS = 200;
/** SQLite's codes for a file that is damaged or not a database. */
const DAMAGED = [11, 26];
/** SQLite's code for a file that another process has locked. */
const BUSY = 5;
/** SQLite's codes for a file that cannot be written or opened, or that was renamed. */
const MOVED = [8, 14];
/** SQLite's code for a statement about missing tables. */
const NO_TABLE = 1;
/** How often a damaged trace is set aside; other processes may do so at the same time. */
const SET_ASIDE_AT_MOST = 3;

/** Upgrades a trace of the version before. A separate table, so that the SQL of the others is unchanged. */
const LABELS = `
  CREATE TABLE labels (
    run TEXT NOT NULL REFERENCES runs(run) ON DELETE CASCADE, position INTEGER NOT NULL,
    label TEXT NOT NULL, PRIMARY KEY (run, position)
  ) STRICT, WITHOUT ROWID;
  PRAGMA user_version = ${VERSION};
`;
/** A trace is accepted only if its tables have exactly this SQL: any change needs another version. */
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
/** The number of tables and indices in each version. */
const TABLES_OF: Record<number, number> = { [WITHOUT_LABELS]: 3, [VERSION]: 4 };

/**
 * Submitted when a trace is opened; {@link TraceStore} waits for the answers at its first use. The transaction makes
 * version and tables consistent with each other.
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
/** Statements without rows: they are only prepared when the trace is opened, for later use. */
const PREPARED: Statement[] = [RUNNING, WRITE_RUN, WRITE_ATTEMPT, FORGET]
  .map((sql) => ({ sql, values: [] }));
const BEGIN: Statement = { sql: "BEGIN IMMEDIATE" };
const COMMIT: Statement = { sql: "COMMIT" };

/**
 * The open trace of one project. Its methods throw an error of SQLite or of the system if the trace cannot be used. A
 * damaged trace is renamed, and a new one begun.
 */
export class TraceStore {
  readonly #root: string;
  readonly #warn: (message: string) => void;
  #database: Database;
  /** The inode of the file before it was opened; undefined if there was none. */
  #inode: number | undefined;
  #isReady = false;
  /** False for a trace of the version before that is read-only. */
  #hasLabels = true;

  /**
   * Starts to open the trace of a project, and creates it if it is missing.
   *
   * @param warn Called with a message when a damaged trace was renamed.
   * @throws An error of the system, if the trace cannot be created.
   */
  constructor(root: string, warn: (message: string) => void) {
    this.#root = root;
    this.#warn = warn;
    this.#database = this.#open();
  }

  /**
   * Writes a run and some of its attempts, replacing earlier versions of them.
   *
   * @param meanwhile Called while another thread writes.
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

  /** Marks running runs whose process no longer exists as interrupted, if the trace is writable. */
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

  /** The latest runs that have all these labels, newest first. */
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

  /** Runs whose ID begins with a prefix. */
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
    // The check comes before SQLite opens the file. If the file is replaced in between, #use() still checks the new one.
    this.#inode = checkFiles(this.#root, path, this.#warn);
    const database = new Database(path);
    database.submit([...OPENING, ...PREPARED]);
    return database;
  }

  /** The database, after its tables were checked. */
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
   * Renames a damaged trace, so that a new one can be created. Does nothing if the file was replaced meanwhile.
   */
  setAside(): void {
    const path = pathOf(this.#root);
    if (platform.stat(path)?.inode !== this.#inode) return;
    const aside = `${FILE}.damaged`;
    // The journals are removed first: after the rename, another process may already write a new trace.
    for (const suffix of SUFFIXES) changeProject(this.#root, { do: "remove", name: FILE + suffix });
    changeProject(this.#root, { do: "rename", name: FILE, to: aside });
    this.#warn(`the trace was damaged; it was renamed to "${path}.damaged"`);
  }
}

/** Whether a project has a trace. */
export function hasTrace(root: string): boolean {
  return platform.exists(join(projectFolder(root), FILE));
}

/** Whether an error means that the file is damaged, or not a trace. */
export function isDamage(error: unknown): boolean {
  if (error instanceof ForeignTables) return true;
  return error instanceof DatabaseError && DAMAGED.includes(error.code ?? 0);
}

/** Whether an error means that another process locked the trace for longer than {@link BUSY_MS}. */
export function isLocked(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === BUSY;
}

/** Whether an error means that the open file was renamed, or cannot be written. */
export function isMoved(error: unknown): boolean {
  return error instanceof DatabaseError && MOVED.includes(error.code ?? 0);
}

/** `capsule list` and `trace` report this as an error; `capsule run` as a warning. */
function unusable(problem: string): CapsuleError {
  return new CapsuleError("file_not_found", problem);
}

/** @throws An error, if the folder cannot be created, or the path contains a symbolic link. */
function pathOf(root: string): string {
  changeProject(root, { do: "make", name: "" });
  const path = join(projectFolder(platform.realPath(root)), FILE);
  if (platform.realPath(path) !== path) {
    throw unusable(`Cannot open the trace "${path}": it is a symbolic link`);
  }
  return path;
}

/**
 * Checks the files that SQLite will open; SQLite follows no links. Returns the inode of the trace, if it exists.
 *
 * @throws An error, if one is not a regular file: opening a pipe could block for ever.
 */
function checkFiles(
  root: string,
  path: string,
  warn: (message: string) => void,
): number | undefined {
  const [trace, journal] = ["", ...SUFFIXES].map((suffix) => {
    const stat = platform.stat(path + suffix);
    if (stat?.isFile === false) {
      throw unusable(`Cannot open the trace "${path + suffix}": not a regular file`);
    }
    return stat;
  });
  if (journal !== undefined) removeForeignJournal(root, path, warn);
  return trace?.inode;
}

/** The last bytes of a journal that names a super-journal, which SQLite uses for several databases. */
const SHARED_JOURNAL = [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];

/**
 * Removes a journal that names a super-journal, because SQLite would delete the named file after a rollback. Capsule
 * never writes one, so it is an attack.
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
  warn(`removed "${journal}", which Capsule did not write`);
}

/** The trace has tables, views or triggers that Capsule did not create; using them could run untrusted SQL. */
class ForeignTables extends Error {}

/**
 * Waits until a database is open, and creates missing tables if it is new or of the version before. Returns whether it
 * has labels: a read-only trace of the version before has none.
 *
 * @throws An error, if it is not a trace or has another version.
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
  // Another process may have upgraded it meanwhile.
  const present = Number(database.all("PRAGMA user_version")[0]?.user_version);
  const missing = present === 0 ? TABLES : present === WITHOUT_LABELS ? LABELS : undefined;
  database.execute(missing === undefined ? [COMMIT] : [{ sql: missing }, COMMIT]);
  return true;
}

/** The results of {@link OPENING}. */
function opened(database: Database): Row[][] {
  try {
    return database.take();
  } catch (error) {
    // The statements of PREPARED fail in a new database, which has no tables.
    const isNew = error instanceof DatabaseError && error.code === NO_TABLE;
    if (!isNew) throw error;
    return database.execute(OPENING);
  }
}

function checkTables(version: number, rows: Row[]): void {
  if (version === 0 && rows.length === 0) return;
  if (version === 0) throw new ForeignTables("the trace has tables that Capsule did not create");
  const count = TABLES_OF[version];
  if (count === undefined) {
    throw unusable(`Cannot open the trace: its version is ${version}, not ${VERSION}`);
  }
  const isOurs = rows.length === count && rows.every(({ sql }) => TABLES.includes(`${sql};`));
  if (!isOurs) throw new ForeignTables("the trace has tables that Capsule did not create");
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
