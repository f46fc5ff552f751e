/** Capsule in this process: calls of open programs, from Deno. */
import { open, type OpenProgram, run } from "../../runner.ts";
import { VERSION } from "../../version.ts";
import { PROGRAMS } from "../packages.ts";
import { weighSleepers } from "../sleepers.ts";
import { PROGRAMS as TASKS } from "../task_programs.ts";
import { type Measure, newCode, rates, serve, timed } from "./serve.ts";

const SANDBOXES = 1000;

const HELLO = {
  javascript: `import { task } from "@capsule/sdk";
export const main = task({ name: "main" }, (name) => "Hello, " + name + "!");`,
  python: `def main(name): return f"Hello, {name}!"`,
};

const measures: Record<string, Measure> = {
  "call-lodash": called(
    once(() => open({ file: `${PROGRAMS}/lodash.ts` })),
    [],
    3,
  ),
  "call-jinja2": called(
    once(() => open({ file: `${PROGRAMS}/jinja.py` })),
    [],
    "0,1,2,",
  ),
};
for (const language of ["javascript", "python"] as const) {
  const code = TASKS[language === "python" ? "tasks.py" : "tasks.ts"];
  const hello = once(() => open({ code: HELLO[language], language }));
  const tasks = once(() => open({ code, language }));
  Object.assign(
    measures,
    {
      [`call-${language}`]: called(hello, ["Ada"], "Hello, Ada!"),
      [`rate-${language}`]: {
        note: "8 calls under way at once",
        take: async (count: number) => {
          const program = await hello();
          return await rates(
            count,
            () => result(program, "main", ["Ada"]),
            "Hello, Ada!",
          );
        },
      },
      [`code-${language}`]: {
        note: "`run({ code })`: bundled, loaded and called",
        take: (count: number) => unseen(count, language),
      },
      [`asleep-${language}`]: {
        note: `resident memory of the process, over ${SANDBOXES} sandboxes that wait for a timer`,
        most: 1,
        cold: true,
        take: async () => {
          const { before, asleep } = await weighSleepers(language, SANDBOXES);
          return [(asleep.all - before.all) / SANDBOXES];
        },
      },
      [`naps-${language}`]: {
        take: async (count: number) => {
          const program = await tasks();
          return await timed(
            count,
            () => result(program, "naps", [100]),
            () => 100,
          );
        },
      },
      [`cores-${language}`]: {
        take: async (count: number) => {
          const program = await tasks();
          return await timed(
            count,
            () => result(program, "side", [8, 2]),
            () => 8,
          );
        },
      },
      [`late-${language}`]: {
        note: "from the outside: the envelope is there",
        take: async (count: number) => late(count, await tasks()),
      },
    } satisfies Record<string, Measure>,
  );
}

await serve(VERSION, measures);

function called(
  program: () => Promise<OpenProgram>,
  args: unknown[],
  expected: unknown,
): Measure {
  return {
    note: "a fresh WebAssembly sandbox a call, in process",
    take: async (count) => {
      const ready = await program();
      return await timed(
        count,
        () => result(ready, "main", args),
        () => expected,
      );
    },
  };
}

/** The first sample, which is not counted, also opens the programs. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => made ??= make();
}

async function result(
  program: OpenProgram,
  task: string,
  args: unknown[],
): Promise<unknown> {
  const envelope = await program.call(task, args);
  return envelope.success ? envelope.result : envelope.error.message;
}

async function unseen(
  count: number,
  language: "javascript" | "python",
): Promise<number[]> {
  const sdk = `import { task } from "@capsule/sdk";\n`;
  const programs = Array.from({ length: count }, () => newCode(language));
  const sources = programs.map(({ code }) =>
    language === "python" ? code : `${sdk}${code}task({ name: "main" }, main);\n`
  );
  return await timed(
    count,
    async (index) => (await run({ code: sources[index]!, language })).result,
    (index) => programs[index]!.result,
  );
}

async function late(count: number, program: OpenProgram): Promise<number[]> {
  const samples = await timed(
    count,
    async () => (await program.call("spins")).error?.error_type,
    () => "timeout",
  );
  return samples.map((ms) => ms - 100);
}
