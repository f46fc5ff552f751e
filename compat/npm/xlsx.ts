/** Writes a workbook, and reads it again; and CSV. */
import { task } from "@capsule/sdk";
import * as XLSX from "xlsx";
import { equal } from "../expect.ts";

export const main = task({ name: "main", compute: "HIGH" }, () => {
  const workbook = XLSX.utils.book_new();
  const rows = [{ name: "Tea", price: 2.5 }, { name: "Käse", price: 4 }];
  XLSX.utils.book_append_sheet(workbook, XLSX.utils.json_to_sheet(rows), "Sales");
  const bytes = XLSX.write(workbook, { type: "buffer", bookType: "xlsx" });
  const sheet = XLSX.read(bytes).Sheets.Sales!;
  equal(XLSX.utils.sheet_to_json(sheet), rows);
  equal(XLSX.utils.sheet_to_csv(sheet), "name,price\nTea,2.5\nKäse,4");
});
