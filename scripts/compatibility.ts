/**
 * Runs the programs of `compat/` in sandboxes, and writes the results to docs/compatibility.md.
 *
 * Usage: deno task compat            write the document
 *        deno task compat --check    fail if a result differs from the document
 *        deno task compat NAME…      run only these, and print the results
 */
import {
  DOCUMENT,
  readDocument,
  resultOf,
  type Row,
  writeDocument,
} from "./compatibility/document.ts";
import { prepareProject } from "./compatibility/install.ts";
import { type Job, jobs } from "./compatibility/jobs.ts";
import { serveLoopback } from "./compatibility/server.ts";
import { ROOT } from "./common.ts";

/** The cache of the tests, which already has compiled engines. */
const CACHE = `${ROOT}build/test-cache`;

Deno.chdir(ROOT);
Deno.mkdirSync(CACHE, { recursive: true, mode: 0o700 });
Deno.env.set("CAPSULE_CACHE_DIR", CACHE);
const isCheck = Deno.args.includes("--check");
const names = Deno.args.filter((argument) => argument !== "--check");

await prepareProject();
const rows = await runAll();
if (names.length > 0) show(rows);
else if (isCheck) check(rows);
else write(rows);
// Calls that timed out may still be running.
Deno.exit();

/** Runs the chosen programs, as many at once as there are processors. */
async function runAll(): Promise<Row[]> {
  await using server = serveLoopback();
  const wanted = (await jobs(server.url)).filter(({ name }) =>
    names.length === 0 || names.includes(name)
  );
  const rows: Row[] = [];
  let next = 0;
  const work = async () => {
    for (let index = next++; index < wanted.length; index = next++) {
      rows[index] = await run(wanted[index]!);
      tell(rows[index]!, rows.filter(Boolean).length, wanted.length);
    }
  };
  await Promise.all(Array.from({ length: navigator.hardwareConcurrency }, work));
  return rows;
}

async function run({ run, ...row }: Job): Promise<Row> {
  return { ...row, ...await run() };
}

/** Shows progress in one line of the terminal. Failures stay visible, except with `--check`. */
function tell({ section, name, reason }: Row, done: number, all: number): void {
  const line = reason === undefined || isCheck ? "" : `✘ ${section} ${name}: ${reason}\n`;
  const isTerminal = Deno.stderr.isTerminal();
  const count = isTerminal && done < all ? `  ${done} of ${all}: ${name}` : "";
  const start = isTerminal ? "\r\u001b[K" : "";
  Deno.stderr.writeSync(new TextEncoder().encode(start + line + count));
}

function show(rows: Row[]): void {
  for (const { section, name, reason, callMs } of rows) {
    console.log(`${section} ${name}: ${reason ?? `pass, ${callMs?.toFixed(1) ?? "?"} ms`}`);
  }
}

function write(rows: Row[]): void {
  writeDocument(rows);
  const passed = rows.filter(({ reason }) => reason === undefined).length;
  console.error(`✔ ${passed} of ${rows.length} pass: ${DOCUMENT.slice(ROOT.length)}`);
}

/** Compares the results with the document, which must list exactly the programs that were run. */
function check(rows: Row[]): void {
  const before = readDocument();
  const now = new Map(rows.map(resultOf));
  let differing = 0;
  for (const key of new Set([...before.keys(), ...now.keys()])) {
    if (before.get(key) === now.get(key)) continue;
    differing++;
    console.error(
      `✘ ${key}: ${now.get(key) ?? "not run"}; documented: ${before.get(key) ?? "nothing"}`,
    );
  }
  console.error(differing === 0 ? `✔ ${rows.length} as documented` : `✘ ${differing} differ`);
  if (differing > 0) Deno.exit(1);
}
