/**
 * Guards against what makes Capsule slow. Absolute times say little on a machine that others use, too:
 * each is compared with something of the same kind in the same moment, the fastest of each side, and one
 * try of several is enough. The bounds are twice what was seen, idle and under load, so that a path which
 * takes three times as long fails.
 */
import { assertTrue } from "../support/assert.ts";
import { CACHE, project, ROOT } from "../support/support.ts";
import { libraryPath } from "../../install/installation.ts";
import { quantile } from "../../benches/statistics.ts";
import { open } from "@capsule/sdk/runner";

const TRIES = 6;

/** How many times a call may take as long as an empty call of the native library. */
const CALLS = {
  javascript: {
    bound: 45,
    code: `import { task } from "@capsule/sdk";
task({ name: "main" }, (name) => "Hello, " + name);`,
  },
  python: { bound: 100, code: `def main(name): return "Hello, " + name` },
} as const;

/** How many times a run by the command line may take as long as Deno with a file that prints a line. */
const RUNS = {
  "main.ts": {
    edited: 7,
    unchanged: 4.5,
    source: `import { task } from "@capsule/sdk";
export const main = task({ name: "main" }, () => 0);`,
  },
  "main.py": { edited: 7, unchanged: 4.5, source: `def main(): return 0` },
} as const;

const DENO = ["run", "--no-config", "--quiet"];
/** The command line as its sources. */
const SOURCES = [
  ...[Deno.execPath(), "run", "-A", "--no-check", "--quiet"],
  ...[`--config=${ROOT}deno.json`, `${ROOT}cli.ts`, "run"],
];
/** The command line as users have it, which is bundled anew when a source changed. */
const BUNDLE = [`${ROOT}scripts/capsule`, "run"];

for (const [language, { code, bound }] of Object.entries(CALLS)) {
  Deno.test(`a call in ${language} takes no more than ${bound} empty calls of the library`, async () => {
    await using program = await open({ code, language: language as keyof typeof CALLS });
    const empty = emptyCall();
    const call = () => program.call("main", ["Ada"]);
    await samples(100, call);
    await samples(1000, empty);
    await isWithin(bound, async () => {
      const calls: number[] = [], empties: number[] = [];
      for (let block = 0; block < 10; block++) {
        calls.push(...await samples(20, call));
        empties.push(...await samples(100, empty));
      }
      // Not the very fastest of the many: now and then, one does not change threads.
      return Math.min(...calls) / quantile(empties, 0.02);
    });
  });
}

for (const [file, { source, edited, unchanged }] of Object.entries(RUNS)) {
  Deno.test(`${file}: from an edit to a result, no more than ${edited} starts of Deno`, async () => {
    using folder = project({ "print.ts": `console.log(0);` });
    let edits = 0;
    await isWithin(edited, () =>
      besideDeno(folder.path, SOURCES, file, () => {
        folder.write(file, source.replace(/0\b/, String(++edits)));
        return String(edits);
      }));
  });

  Deno.test(`${file}: unchanged, no more than ${unchanged} starts of Deno`, async () => {
    using folder = project({ "print.ts": `console.log(0);`, [file]: source });
    await started(BUNDLE, folder.path, file, "0");
    await isWithin(unchanged, () => besideDeno(folder.path, BUNDLE, file, () => "0"));
  });
}

/** Whether one of several tries stays within the bound. */
async function isWithin(bound: number, attempt: () => Promise<number>): Promise<void> {
  const ratios: number[] = [];
  for (let number = 0; number < TRIES; number++) {
    ratios.push(await attempt());
    if (ratios.at(-1)! <= bound) return;
  }
  assertTrue(false, `at most ${bound}, but: ${ratios.map((ratio) => ratio.toFixed(1)).join(", ")}`);
}

/** The fastest of five runs of a file, beside the fastest start of Deno. */
async function besideDeno(
  cwd: string,
  capsule: string[],
  file: string,
  prepare: () => string,
): Promise<number> {
  const runs: number[] = [], starts: number[] = [];
  for (let round = 0; round < 5; round++) {
    runs.push(await started(capsule, cwd, file, prepare()));
    starts.push(await started([Deno.execPath(), ...DENO], cwd, "print.ts", "0"));
  }
  return Math.min(...runs) / Math.min(...starts);
}

/** Milliseconds of a process that runs a file, which prints that. */
async function started(
  [command, ...args]: string[],
  cwd: string,
  file: string,
  prints: string,
): Promise<number> {
  const before = performance.now();
  const env = { CAPSULE_CACHE_DIR: CACHE };
  const { stdout } = await new Deno.Command(command!, { args: [...args, file], cwd, env }).output();
  const ms = performance.now() - before;
  const printed = new TextDecoder().decode(stdout).trim();
  assertTrue(printed === prints, `${file} prints ${printed}, not ${prints}`);
  return ms;
}

/** A function of the library that returns a number at once, called as those that wait are. */
function emptyCall(): () => Promise<number> {
  const { symbols } = Deno.dlopen(libraryPath(), {
    capsule_abi_version: { parameters: [], result: "u32", nonblocking: true },
  });
  return () => symbols.capsule_abi_version();
}

async function samples(count: number, call: () => Promise<unknown>): Promise<number[]> {
  const taken = [];
  for (let index = 0; index < count; index++) {
    const before = performance.now();
    await call();
    taken.push(performance.now() - before);
  }
  return taken;
}
