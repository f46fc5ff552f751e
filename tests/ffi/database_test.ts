import { assertEquals, assertThrows } from "../support/assert.ts";
// It tells where the library lies.
import "../../install/installation.ts";
import { digest, sha256 } from "../../ffi/digest.ts";
import { Database, DatabaseError } from "../../ffi/database.ts";
import { project } from "../support/support.ts";

Deno.test("a database gives back what was put in", () => {
  using folder = project();
  const path = `${folder.path}/some.db`;
  const database = new Database(path);
  const rows = [
    { i: 2 ** 52, r: 0.5, s: `"é\n\0` },
    { i: -1, r: 3, s: "" },
    { i: null, r: null, s: null },
  ];
  database.submit([
    { sql: "CREATE TABLE t (i INTEGER, r REAL, s TEXT) STRICT; PRAGMA user_version = 5" },
    { sql: "INSERT INTO t VALUES (?, ?, ?)", values: rows.map(({ i, r, s }) => [i, r, s]) },
  ]);
  database.submit([{ sql: "SELECT i FROM t WHERE s = ?", values: [[""], ["none"], [rows[0]!.s]] }]);
  assertEquals(database.take(), [[], []]);
  assertEquals(database.take(), [[{ i: -1 }, { i: 2 ** 52 }]]);
  assertThrows(() => database.take(), DatabaseError, "no batch was submitted");
  assertEquals(database.all("SELECT * FROM t"), rows);
  database.submit([{ sql: "DELETE FROM t WHERE i = ?", values: [[-1]] }]);
  database.close();
  database.close();
  assertThrows(() => database.all("SELECT 1"), DatabaseError, "there is no database");

  const again = new Database(path);
  assertEquals(again.all("PRAGMA user_version"), [{ user_version: 5 }]);
  assertEquals(again.all("SELECT count(*) AS n FROM t"), [{ n: 2 }], "a close loses nothing");
  again.close();
});

Deno.test("what fails in a transaction leaves nothing of it", () => {
  using folder = project();
  const database = new Database(`${folder.path}/some.db`);
  database.execute([{ sql: "CREATE TABLE t (i INTEGER UNIQUE)" }]);
  const insert = (...numbers: number[]) => ({
    sql: "INSERT INTO t VALUES (?)",
    values: numbers.map((number) => [number]),
  });
  const failing = [{ sql: "BEGIN" }, insert(1, 2), insert(1), { sql: "COMMIT" }];
  assertEquals(assertThrows(() => database.execute(failing), DatabaseError).code, 19);
  assertEquals(database.all("SELECT * FROM t"), []);
  database.execute([{ sql: "BEGIN" }, insert(1, 2), { sql: "COMMIT" }]);
  assertEquals(database.all("SELECT count(*) AS n FROM t"), [{ n: 2 }]);
  database.close();
});

Deno.test("what SQLite refuses is an error with its code", () => {
  using folder = project({ "none.db": "this is no database ".repeat(1000) });
  const open = (name: string) => new Database(`${folder.path}/${name}`);
  const codeOf = (act: () => unknown) => assertThrows(act, DatabaseError).code;
  const database = open("a.db");
  assertEquals(codeOf(() => database.all("SELECT * FROM nothing")), 1);
  const { message } = assertThrows(() => database.all("SELEC\n1"), DatabaseError);
  assertEquals(message, `near "SELEC": syntax error`, "no more of the statement");
  // Too few values, and one that SQLite does not know.
  assertThrows(() => database.all("SELECT ?, ?", 1), DatabaseError);
  assertThrows(() => database.all("SELECT ?", true as unknown as string), DatabaseError);

  database.execute([{ sql: "CREATE TABLE t (a); BEGIN EXCLUSIVE" }]);
  const other = open("a.db");
  assertEquals(codeOf(() => other.all("SELECT * FROM t")), 5);
  database.execute([{ sql: "ROLLBACK" }]);
  assertEquals(other.all("SELECT * FROM t"), []);
  other.close();
  database.close();

  for (
    const [name, code] of [["none.db", 26], ["no/such/folder.db", 14], ["link.db", 14]] as const
  ) {
    if (name === "link.db") Deno.symlinkSync("a.db", `${folder.path}/link.db`);
    const refused = open(name);
    assertEquals(codeOf(() => refused.all("SELECT * FROM t")), code, name);
    refused.close();
  }
});

Deno.test("digests are those of SHA-256", async () => {
  const bytes = crypto.getRandomValues(new Uint8Array(5000));
  assertEquals(digest(bytes), new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
  assertEquals(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  assertEquals(sha256("abc"), sha256(new TextEncoder().encode("abc")));
});
