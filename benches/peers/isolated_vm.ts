/** isolated-vm: isolates of V8, inside the process of Node. Run by Node. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import process from "node:process";
import { newCode, rates, serve, timedSync } from "./serve.ts";

const [peers, programs] = process.argv.slice(2);
const require = createRequire(`${peers}/`);
const ivm = require("isolated-vm");

const ISOLATES = 1000;
const HELLO = `const main = (name) => "Hello, " + name + "!";`;
const lodash = () => readFileSync(`${programs}/node_modules/lodash/lodash.js`, "utf8");

const hello = snapshotOf(HELLO);
const fresh = "a fresh isolate a call, from a V8 snapshot that has the program";

await serve(require("isolated-vm/package.json").version, {
  "call-javascript": {
    note: fresh,
    take: (count) => timedSync(count, () => call(hello(), `main("Ada")`), () => "Hello, Ada!"),
  },
  "call-lodash": {
    note: fresh,
    take: (count) => {
      const snapshot = snapshotOf(
        lodash() + "\nvar main = () => _.chunk(_.range(6), 2).length;",
      )();
      return timedSync(count, () => call(snapshot, "main()"), () => 3);
    },
  },
  "rate-javascript": {
    note: fresh + ", on its pool of threads",
    take: (count) => rates(count, () => callOnPool(hello(), `main("Ada")`), "Hello, Ada!"),
  },
  "code-javascript": {
    note: "a fresh isolate each",
    take: (count) => {
      const all = Array.from({ length: count }, () => newCode("javascript"));
      const run = (index: number) => call(undefined, `${all[index]!.code}\nmain()`);
      return timedSync(count, run, (index) => all[index]!.result);
    },
  },
  "late-javascript": { take: late },
  "asleep-javascript": {
    note: `resident memory of the process, over ${ISOLATES} isolates that hold a context each`,
    most: 1,
    cold: true,
    take: () => [weigh()],
  },
});

/** A snapshot, made at its first use. */
function snapshotOf(code: string): () => unknown {
  let snapshot: unknown;
  return () => snapshot ??= ivm.Isolate.createSnapshot([{ code }]);
}

function call(snapshot: unknown, code: string): unknown {
  const isolate = new ivm.Isolate({ snapshot });
  try {
    return isolate.createContextSync().evalSync(code);
  } finally {
    isolate.dispose();
  }
}

async function callOnPool(snapshot: unknown, code: string): Promise<unknown> {
  const isolate = new ivm.Isolate({ snapshot });
  try {
    return await (await isolate.createContext()).eval(code);
  } finally {
    isolate.dispose();
  }
}

function late(count: number): number[] {
  const spin = () => {
    const isolate = new ivm.Isolate();
    const context = isolate.createContextSync();
    try {
      context.evalSync("while (true);", { timeout: 100 });
    } catch (error) {
      return /timed out/.test(String(error)) ? "timeout" : String(error);
    } finally {
      isolate.dispose();
    }
  };
  return timedSync(count, spin, () => "timeout").map((ms) => ms - 100);
}

function weigh(): number {
  call(hello(), `main("Ada")`);
  const before = process.memoryUsage.rss();
  const alive = Array.from({ length: ISOLATES }, () => {
    const isolate = new ivm.Isolate({ snapshot: hello() });
    return { isolate, context: isolate.createContextSync() };
  });
  const each = (process.memoryUsage.rss() - before) / alive.length / 2 ** 20;
  for (const { isolate } of alive) isolate.dispose();
  return each;
}
