/** Writes an archive, and reads it again. */
import { task } from "@capsule/sdk";
import JSZip from "jszip";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, async () => {
  const zip = new JSZip();
  zip.file("a.txt", "hello ".repeat(100));
  zip.folder("in")!.file("b.bin", new Uint8Array([1, 2, 255]));
  const bytes = await zip.generateAsync({ type: "uint8array", compression: "DEFLATE" });
  const read = await JSZip.loadAsync(bytes);
  equal(Object.keys(read.files), ["a.txt", "in/", "in/b.bin"]);
  equal((await read.file("a.txt")!.async("string")).length, 600);
  equal([...await read.file("in/b.bin")!.async("uint8array")], [1, 2, 255]);
  equal(bytes.length < 600, true);
});
