/** Knows types of files, and files of types. */
import { task } from "@capsule/sdk";
import mime from "mime-types";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, () => {
  equal(mime.lookup("report.final.PDF"), "application/pdf");
  equal(mime.contentType("a.html"), "text/html; charset=utf-8");
  equal(mime.extension("image/png"), "png");
});
