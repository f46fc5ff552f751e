/** Compresses by gzip and zip. */
import { task } from "@capsule/sdk";
import { gunzipSync, gzipSync, strFromU8, strToU8, unzipSync, zipSync } from "fflate";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, () => {
  const text = strToU8("hello ".repeat(1000));
  const zipped = gzipSync(text, { level: 9 });
  equal([zipped.length < 100, gunzipSync(zipped).length], [true, 6000]);
  const files = unzipSync(zipSync({ "a.txt": strToU8("ä"), dir: { b: strToU8("b") } }));
  equal(Object.entries(files).map(([name, data]) => [name, strFromU8(data)]), [
    ["a.txt", "ä"],
    ["dir/", ""],
    ["dir/b", "b"],
  ]);
});
