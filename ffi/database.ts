/** SQLite, as the native library has it: `node:sqlite` takes 3 ms to load. */
import { BUFFER_BYTES, bytesOf, type Library, takeBuffer } from "./library.ts";
import { library } from "./loaded.ts";
import { STATUS } from "./symbols.ts";

export type SqlValue = string | number | null;

/** A row, by the names of its columns. */
export type Row = Record<string, SqlValue>;

/** A statement. */
export interface Statement {
  sql: string;
  /**
   * Values for its question marks: it runs once for each list of them. Without any, `sql` may be several statements,
   * which give no rows.
   */
  values?: SqlValue[][];
}

/**
 * A database, on a thread of the native library: what it is asked for is done meanwhile.
 *
 * Locks of SQLite are those of a process: no other copy of it, as `node:sqlite` is, shall open the same file in this
 * one.
 */
export class Database {
  readonly #library: Library;
  readonly #id: bigint;
  // Written by the library.
  readonly #rows = new Uint8Array(BUFFER_BYTES);
  readonly #error = new Uint8Array(BUFFER_BYTES);

  /**
   * Begins to open a SQLite database, which is made if it is missing. What fails, {@link take} throws.
   *
   * @param path Absolute. It leads through no link.
   */
  constructor(path: string) {
    this.#library = library();
    const id = new BigUint64Array(1);
    const text = encoder.encode(path);
    const { capsule_database_open } = this.#library.functions;
    this.#check(capsule_database_open(text, BigInt(text.length), bytesOf(id), this.#error));
    this.#id = id[0]!;
  }

  /** Begins to run statements, one after the other. What fails ends its transaction and the batch. */
  submit(batch: Statement[]): void {
    const text = encoder.encode(JSON.stringify(batch));
    const { capsule_database_submit } = this.#library.functions;
    this.#check(capsule_database_submit(this.#id, text, BigInt(text.length), this.#error));
  }

  /**
   * Waits for the oldest batch that nobody has waited for. Returns the rows of each statement.
   *
   * @throws {DatabaseError} where SQLite refuses.
   */
  take(): Row[][] {
    const { capsule_database_take } = this.#library.functions;
    this.#check(capsule_database_take(this.#id, this.#rows, this.#error));
    return takeBuffer(this.#library, this.#rows, (rows) => JSON.parse(decoder.decode(rows)));
  }

  /** Runs statements, and waits for them. */
  execute(batch: Statement[]): Row[][] {
    this.submit(batch);
    return this.take();
  }

  /** The rows of one statement. */
  all(sql: string, ...values: SqlValue[]): Row[] {
    return this.execute([{ sql, values: [values] }])[0]!;
  }

  /** Ends what is under way first. */
  close(): void {
    this.#library.functions.capsule_database_close(this.#id);
  }

  #check(status: number): void {
    if (status === STATUS.ok) return;
    const text = takeBuffer(this.#library, this.#error, (bytes) => decoder.decode(bytes));
    if (!text.startsWith("{")) throw new DatabaseError(text, null);
    const { message, code } = JSON.parse(text);
    throw new DatabaseError(message, code);
  }
}

/** What SQLite refused. */
export class DatabaseError extends Error {
  override name = "DatabaseError";
  /** Its primary result code; null for a mistake of whoever called. */
  readonly code: number | null;

  constructor(message: string, code: number | null) {
    super(message);
    this.code = code;
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
