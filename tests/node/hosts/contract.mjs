/**
 * Runs the contract suite, and tells which cases failed.
 *
 * Usage: contract.mjs FOLDER [ISOLATION]   the folder of cases.json; suite.ts lies beside this file, as
 * JavaScript
 */
import { run } from "@capsule/sdk/runner";

const suite = new URL("suite.mjs", import.meta.url).href;
const { expectedText, readCases, runCase } = await import(suite);

const folder = process.argv[2];
const failed = [];
const isolation = process.argv[3] ?? "sandbox";
const cases = readCases(folder);
const call = (options) => run({ isolation, ...options });
for (const one of cases) {
  const expected = expectedText(one);
  const actual = await runCase(call, one, `${folder}/programs`).then(JSON.stringify, String);
  if (actual === expected) continue;
  failed.push({ name: one.name, actual: actual.slice(0, 500), expected: expected.slice(0, 500) });
}
console.log(JSON.stringify({ ran: cases.length, failed }));
