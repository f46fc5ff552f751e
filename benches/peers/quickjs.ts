/** quickjs-emscripten: QuickJS in V8's WebAssembly, all sandboxes in one memory. Run by Node. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import process from "node:process";
import { newCode, rates, serve, timedSync } from "./serve.ts";

const [peers, programs] = process.argv.slice(2);
const require = createRequire(`${peers}/`);
const { getQuickJS, shouldInterruptAfterDeadline } = require(
  "quickjs-emscripten",
);
const quickjs = await getQuickJS();

const SANDBOXES = 1000;
const HELLO = `const main = (name) => "Hello, " + name + "!";`;

const fresh = "a fresh runtime and context a call, that evaluate the program";

await serve(version(), {
  "call-javascript": {
    note: fresh,
    take: (count) => timedSync(count, () => call(HELLO, `main("Ada")`), () => "Hello, Ada!"),
  },
  "call-lodash": {
    note: fresh,
    take: (count) => {
      const program = readFileSync(
        `${programs}/node_modules/lodash/lodash.js`,
        "utf8",
      );
      return timedSync(
        count,
        () => call(program, "_.chunk(_.range(6), 2).length"),
        () => 3,
      );
    },
  },
  "rate-javascript": {
    note: fresh + ", on one thread",
    take: (count) => rates(count, () => call(HELLO, `main("Ada")`), "Hello, Ada!"),
  },
  "code-javascript": {
    note: "a fresh runtime and context each",
    take: (count) => {
      const all = Array.from({ length: count }, () => newCode("javascript"));
      const run = (index: number) => call(all[index]!.code, "main()");
      return timedSync(count, run, (index) => all[index]!.result);
    },
  },
  "late-javascript": {
    note: "by an interrupt handler that looks at the clock",
    take: late,
  },
  "asleep-javascript": {
    note: `resident memory of the process, over ${SANDBOXES} runtimes with a context each`,
    most: 1,
    cold: true,
    take: () => [weigh()],
  },
});

function call(program: string, code: string): unknown {
  const { runtime, context } = sandbox(program);
  const result = context.unwrapResult(context.evalCode(code)).consume(
    context.dump,
  );
  context.dispose();
  runtime.dispose();
  return result;
}

function sandbox(program: string) {
  const runtime = quickjs.newRuntime();
  const context = runtime.newContext();
  context.unwrapResult(context.evalCode(program)).dispose();
  return { runtime, context };
}

function late(count: number): number[] {
  const spin = () => {
    const runtime = quickjs.newRuntime();
    const context = runtime.newContext();
    runtime.setInterruptHandler(shouldInterruptAfterDeadline(Date.now() + 100));
    const { error } = context.evalCode("while (true);");
    const { message } = context.dump(error);
    error.dispose();
    context.dispose();
    runtime.dispose();
    return message;
  };
  return timedSync(count, spin, () => "interrupted").map((ms) => ms - 100);
}

function weigh(): number {
  const before = process.memoryUsage.rss();
  const alive = Array.from({ length: SANDBOXES }, () => sandbox(HELLO));
  const each = (process.memoryUsage.rss() - before) / alive.length / 2 ** 20;
  for (const { runtime, context } of alive) {
    context.dispose();
    runtime.dispose();
  }
  return each;
}

function version(): string {
  const path = `${peers}/node_modules/quickjs-emscripten/package.json`;
  return JSON.parse(readFileSync(path, "utf8")).version;
}
