/** SQLite as Deno and Node have it, both as `node:sqlite`. */
import type { DatabaseSync } from "node:sqlite";
import type { Database, SqlValue } from "./platform.ts";

/** Each statement is prepared once. */
export function databaseOf(database: DatabaseSync): Database {
  const statements = new Map<string, ReturnType<DatabaseSync["prepare"]>>();
  const prepared = (sql: string) => {
    const statement = statements.get(sql) ?? database.prepare(sql);
    statements.set(sql, statement);
    return statement;
  };
  return {
    exec: (sql) => database.exec(sql),
    run: (sql, ...values) => void prepared(sql).run(...values),
    all: (sql, ...values) => prepared(sql).all(...values) as unknown as Record<string, SqlValue>[],
    close: () => database.close(),
  };
}
