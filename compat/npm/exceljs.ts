/** Writes a workbook, and reads it again. */
import { task } from "@capsule/sdk";
import ExcelJS from "exceljs";
import { equal } from "../expect.ts";

export const main = task({ name: "main", compute: "HIGH" }, async () => {
  const workbook = new ExcelJS.Workbook();
  const sheet = workbook.addWorksheet("Sales");
  sheet.columns = [{ header: "Name", key: "name" }, { header: "Price", key: "price" }];
  sheet.addRow({ name: "Tea", price: 2.5 });
  sheet.getCell("B3").value = { formula: "SUM(B2:B2)", result: 2.5 };
  const bytes = await workbook.xlsx.writeBuffer();
  const read = new ExcelJS.Workbook();
  await read.xlsx.load(bytes);
  equal(read.getWorksheet("Sales")?.getCell("A2").value, "Tea");
  equal(read.getWorksheet("Sales")?.getCell("B3").result, 2.5);
});
