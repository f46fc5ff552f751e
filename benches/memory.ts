/**
 * Measures the memory of sandboxes: many of one program that sleep at once.
 *
 * Usage: deno task bench memory
 */
import { table } from "./report.ts";
import { SLEEPERS, weighSleepers } from "./sleepers.ts";

const SANDBOXES = 1000;

const rows = [[
  "language",
  "before, MiB",
  "asleep, MiB",
  "each, MiB",
  "unshared, MiB",
  "after, MiB",
]];
for (const language of Object.keys(SLEEPERS) as (keyof typeof SLEEPERS)[]) {
  const { before, asleep, after } = await weighSleepers(language, SANDBOXES);
  const mebibytes = [
    before.all,
    asleep.all,
    (asleep.all - before.all) / SANDBOXES,
    (asleep.own - before.own) / SANDBOXES,
    after.all,
  ];
  rows.push([
    language,
    ...mebibytes.map((value) => value.toFixed(value < 10 ? 2 : 0)),
  ]);
}
console.log(table(rows));
console.log(
  `\n${SANDBOXES} sandboxes. Unshared: without the pages of the image that they share.`,
);
Deno.exit(0);
