/** Copies, moves and reads files of a folder that the task was granted. */
import { task } from "@capsule/sdk";
import fs from "fs-extra";
import { equal } from "../expect.ts";

export const main = task({ name: "main", allowedFiles: ["./data"] }, async () => {
  await fs.emptyDir("data/fs-extra");
  await fs.outputJson("data/fs-extra/a/b.json", { x: 1 });
  await fs.copy("data/fs-extra/a", "data/fs-extra/copy");
  await fs.move("data/fs-extra/a", "data/fs-extra/moved");
  equal(await fs.readJson("data/fs-extra/copy/b.json"), { x: 1 });
  equal(await fs.pathExists("data/fs-extra/a"), false);
  equal(fs.readdirSync("data/fs-extra").sort(), ["copy", "moved"]);
});
