/** What a person sees on a terminal: colours, widths, the summary, and runs that follow changes. */
import { assertEquals, assertMatch, assertStringIncludes } from "../support/assert.ts";
import { cli, onTerminal, project, ROOT, startCli, warmEngines } from "../support/support.ts";
import { duration } from "../../cli/terminal/table.ts";
import { similar } from "../../errors/similar.ts";

await warmEngines();

const CLI = `${Deno.execPath()} run -A --no-check --quiet --config=${ROOT}deno.json ${ROOT}cli.ts`;
const PROGRAM = `from capsule import task
@task
def sums(n): return sum(range(n))
@task
def main(): return sums(10)["result"]
`;

function main(body: string): string {
  return `import { task } from "@capsule/sdk"; export const main = task({ name: "main" }, () => ${body});`;
}

/** A terminal of some width: what it shows. */
function terminal(columns: number, command: string, cwd: string): Promise<string> {
  return onTerminal(`sh -c 'stty cols ${columns}; ${command}'`, cwd);
}

Deno.test("a duration has at most three digits", () => {
  const shown = [0.1234, 9.996, 12.345, 99.96, 999.4, 999.6, 12_345, 59_960, 61_000].map(duration);
  assertEquals(shown, [
    ...["0.12 ms", "10.0 ms", "12.3 ms", "100 ms", "999 ms", "1.00 s", "12.3 s"],
    ...["1 min 0 s", "1 min 1 s"],
  ]);
});

Deno.test("similar() finds the nearest name, and nothing if none is near", () => {
  const names = ["run", "build", "exec", "list", "trace", "clean", "doctor"];
  assertEquals(["rnu", "biuld", "docter", "Trace", "lists"].map((name) => similar(name, names)), [
    ...["run", "build", "doctor", "trace", "list"],
  ]);
  assertEquals(["fly", "x", "", "deploy", "a".repeat(99)].map((name) => similar(name, names)), [
    ...[undefined, undefined, undefined, undefined, undefined],
  ]);
});

Deno.test("a run ends with a summary line on a terminal, but not with --json or in a pipe", async () => {
  using folder = project({ "main.py": PROGRAM, "fails.py": "def main(): return 1 / 0" });
  const shown = await terminal(80, `${CLI} run main.py`, folder.path);
  assertMatch(shown, /45\r\n✔ main: [\d.]+ m?s, [\d,]+ fuel, [\d.]+ MB\r\n$/);
  const failed = await terminal(80, `${CLI} run fails.py`, folder.path);
  assertMatch(failed, /ZeroDivisionError[^]*✘ main: [\d.]+ m?s, [\d,]+ fuel, [\d.]+ MB\r\n$/);
  assertEquals(failed.match(/division by zero/g)?.length, 1, failed);
  const json = await terminal(80, `${CLI} run main.py --json`, folder.path);
  assertEquals(json.includes("✔"), false);
  assertEquals((await cli(["run", "main.py"], { cwd: folder.path })).stderr, "");
});

Deno.test("errors are red and hints cyan where colours are wanted", async () => {
  using folder = project({});
  const errors = async (env: Record<string, string>) =>
    (await cli(["rnu"], { cwd: folder.path, env: { NO_COLOR: "", ...env } })).stderr;
  const plain = 'error: unknown command "rnu"\nhint: did you mean capsule run?\n';
  assertEquals(await errors({}), plain);
  assertEquals(await errors({ FORCE_COLOR: "1", NO_COLOR: "1" }), plain);
  const colored = await errors({ FORCE_COLOR: "1" });
  assertStringIncludes(colored, "\u001b[31merror:\u001b[0m unknown");
  assertStringIncludes(colored, "\u001b[36mhint:\u001b[0m did");
});

Deno.test("tables are as wide as the terminal, and whole elsewhere", async () => {
  const long = `def main(): raise ValueError("${"long ".repeat(40)}")`;
  using folder = project({ "main.py": long });
  await cli(["run", "main.py"], { cwd: folder.path });
  for (const columns of [60, 80, 120]) {
    const shown = await terminal(columns, `${CLI} trace`, folder.path);
    const lines = shown.split("\r\n");
    assertEquals(lines.filter((line) => [...line].length > columns), [], shown);
    assertMatch(shown, /task_error: .*…\r\n/);
  }
  const { stdout } = await cli(["trace"], { cwd: folder.path });
  assertStringIncludes(stdout, "long ".repeat(20));
});

Deno.test("--task runs another task, and says which there are", async () => {
  using folder = project({ "main.py": PROGRAM });
  const run = (...args: string[]) => cli(["run", "main.py", ...args], { cwd: folder.path });
  assertEquals((await run("--task", "sums", "--args-json", "[4]")).stdout, "6\n");
  const { status, stderr } = await run("--task", "smus");
  assertEquals(status, 2);
  assertStringIncludes(stderr, 'there is no task "smus"; its tasks are: sums, main');
  assertStringIncludes(stderr, 'did you mean "sums"?');
});

Deno.test("--watch runs again when a file of the program changes, also one that was missing", async () => {
  using folder = project({
    "main.ts": `import { name } from "./name.ts"; ${main('"hi " + name')}`,
    "name.ts": `export const name = "one";`,
    "other.ts": "",
  });
  const child = startCli(["run", "main.ts", "--watch"], { cwd: folder.path });
  const output = reader(child.stdout);
  const notes = reader(child.stderr);
  try {
    await output.until("hi one\n");
    await notes.until("watching");
    folder.write("name.ts", `export const name = "two";`);
    await output.until("hi two\n");
    Deno.removeSync(`${folder.path}/name.ts`);
    await notes.until('Could not resolve "./name.ts"');
    folder.write("name.ts", `export const name = "three";`);
    await output.until("hi three\n");
    folder.write("main.ts", main("{ while (true); }"));
    await notes.until("main.ts changed");
    folder.write("main.ts", main('"ended"'));
    await output.until("ended\n");
    child.kill("SIGINT");
    assertEquals((await child.status).code, 130);
    assertEquals(output.text, "hi one\nhi two\nhi three\nended\n");
  } finally {
    await child.stdin.close();
    await Promise.all([output.close(), notes.close()]);
  }
});

Deno.test("--watch needs a file", async () => {
  using folder = project({});
  const args = ["run", "-", "--language", "python", "--watch"];
  const { status, stderr } = await cli(args, { cwd: folder.path, input: "def main(): return 1" });
  assertEquals([status, stderr], [2, "error: --watch needs a file, not -\n"]);
});

/** What a stream has given so far. */
function reader(stream: ReadableStream<Uint8Array>) {
  const chunks = stream.pipeThrough(new TextDecoderStream()).getReader();
  const seen = {
    text: "",
    async until(part: string) {
      const from = seen.text.length;
      while (!seen.text.slice(Math.max(0, from - part.length)).includes(part)) {
        const { value, done } = await chunks.read();
        if (done) throw new Error(`the stream ended without ${part}: ${seen.text}`);
        seen.text += value;
      }
    },
    close: () => chunks.cancel().catch(() => {}),
  };
  return seen;
}
