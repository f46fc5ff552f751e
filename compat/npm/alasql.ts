/**
 * Queries arrays by SQL.
 *
 * Fails: its bundle needs react-native, whose source is written in Flow.
 */
import { task } from "@capsule/sdk";
import alasql from "alasql";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, () => {
  const rows = [{ team: "a", n: 1 }, { team: "b", n: 5 }, { team: "a", n: 3 }];
  equal(alasql("SELECT team, SUM(n) AS total FROM ? GROUP BY team ORDER BY team", [rows]), [
    { team: "a", total: 4 },
    { team: "b", total: 5 },
  ]);
  const database = new alasql.Database();
  database.exec("CREATE TABLE t (id INT, name STRING); INSERT INTO t VALUES (1, 'x'), (2, 'y')");
  equal(database.exec("SELECT VALUE name FROM t WHERE id = 2"), "y");
});
