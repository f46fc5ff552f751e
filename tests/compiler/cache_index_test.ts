import { readEntry, writeEntry } from "../../cache/entries.ts";
import { assertEquals, assertTrue } from "../support/assert.ts";
import { project } from "../support/support.ts";

Deno.test("an index keeps only the newest entries", () => {
  using folder = project();
  const path = (index: number) => `${folder.path}/${index}.json`;
  for (let index = 0; index < 2000; index++) {
    writeEntry(path(index), index);
    Deno.utimeSync(path(index), index, index);
  }
  assertEquals([...Deno.readDirSync(folder.path)].length, 2000);
  writeEntry(path(2000), 2000);
  assertEquals([...Deno.readDirSync(folder.path)].length, 1000);
  assertEquals([1000, 1001, 1999, 2000].map((index) => readEntry(path(index))), [
    undefined,
    1001,
    1999,
    2000,
  ]);
});

Deno.test("an index of long entries does not grow without end", () => {
  using folder = project();
  for (let index = 0; index < 12; index++) {
    writeEntry(`${folder.path}/${index}.json`, "x".repeat(10 << 20));
  }
  const sizes = Array.from(
    Deno.readDirSync(folder.path),
    ({ name }) => Deno.statSync(`${folder.path}/${name}`).size,
  );
  assertTrue(sizes.reduce((sum, size) => sum + size, 0) <= 64 << 20, `${sizes}`);
  assertEquals(readEntry<string>(`${folder.path}/11.json`)?.length, 10 << 20);
});
