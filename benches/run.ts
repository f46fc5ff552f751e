/**
 * Compares Capsule with its peers and writes docs/benchmarks.md, or runs one of the other benchmarks.
 *
 * Usage: deno task bench                       everything: 15 minutes
 *        deno task bench --quick               fewer samples and no builds of the original: 2 minutes
 *        deno task bench [--quick] WORKLOAD…   workloads whose id begins with this: edit, call-python, …
 *        deno task bench --render              writes the page again from the samples of the last run
 *        deno task bench NAME…                 build, images, memory, tasks
 */
import { ROOT } from "../scripts/common.ts";
import { compare, RESULTS } from "./comparison/compare.ts";
import { writePage } from "./page/page.ts";
import { WORKLOADS } from "./comparison/workloads.ts";

const BENCHES: Record<string, string> = {
  images: "a call from an image, beside a load in every sandbox",
  tasks: "sub-tasks side by side, and how late timeouts are",
  build: "components: what they weigh, and what they take to build and to run",
  memory: "1,000 sandboxes of one program, asleep",
};

const names = Deno.args.filter((argument) => !argument.startsWith("--"));
const options = Deno.args.filter((argument) => argument.startsWith("--"));
const isQuick = options.includes("--quick");
for (const option of options) {
  if (option !== "--quick" && option !== "--render") {
    fail(`there is no option ${option}`);
  }
}
for (const name of names) {
  if (
    name in BENCHES ||
    WORKLOADS.some(({ id }) => id === name || id.startsWith(`${name}-`))
  ) continue;
  const ids = WORKLOADS.map(({ id }) => id.replace(/-.*/, ""));
  const known = [...Object.keys(BENCHES), ...new Set(ids)];
  fail(`there is no benchmark "${name}"; there are: ${known.join(", ")}`);
}

if (options.includes("--render")) {
  writePage(JSON.parse(Deno.readTextFileSync(RESULTS)));
  Deno.exit(0);
}
// Builds what is missing or out of date, so that the current sources are measured.
await new Deno.Command(`${ROOT}scripts/capsule`, { args: ["--version"], stdout: "null" }).spawn()
  .status;
for (const name of names.filter((name) => name in BENCHES)) {
  await runBench(name);
}
const workloads = names.filter((name) => !(name in BENCHES));
if (names.length === 0 || workloads.length > 0) {
  const results = await compare(workloads, { isQuick });
  // Only complete runs are written to the page.
  if (names.length === 0 && !isQuick) {
    Deno.writeTextFileSync(RESULTS, JSON.stringify(results));
    writePage(results);
  }
}
Deno.exit(0);

/** Runs each benchmark in its own process. */
async function runBench(name: string): Promise<void> {
  console.log(`\n${name}: ${BENCHES[name]}\n`);
  const args = [
    "run",
    "-A",
    `--config=${ROOT}deno.json`,
    `${ROOT}benches/${name}.ts`,
  ];
  const { code } = await new Deno.Command(Deno.execPath(), { args }).spawn()
    .status;
  if (code !== 0) Deno.exit(code);
}

function fail(message: string): never {
  console.error(message);
  Deno.exit(2);
}
