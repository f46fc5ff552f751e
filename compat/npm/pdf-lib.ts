/** Writes a document of two pages, and reads it again. */
import { task } from "@capsule/sdk";
import { PDFDocument, rgb, StandardFonts } from "pdf-lib";
import { equal } from "../expect.ts";

export const main = task({ name: "main", compute: "HIGH" }, async () => {
  const document = await PDFDocument.create();
  document.setTitle("Report");
  const font = await document.embedFont(StandardFonts.Helvetica);
  const page = document.addPage([300, 200]);
  page.drawText("Hello", { x: 20, y: 100, size: 20, font, color: rgb(1, 0, 0) });
  document.addPage();
  const read = await PDFDocument.load(await document.save());
  equal([read.getPageCount(), read.getTitle(), read.getPage(0).getWidth()], [2, "Report", 300]);
  equal(font.widthOfTextAtSize("Hello", 20), 45.56);
});
