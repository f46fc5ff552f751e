/** Names, output, results and errors that would steer a terminal, or pass for lines of Capsule's own. */
import { assertEquals, assertMatch, assertStringIncludes } from "../../support/assert.ts";
import { cli, onTerminal, project, ROOT, warmEngines } from "../../support/support.ts";
import { type Language, LANGUAGES } from "../attack.ts";
import { open } from "@capsule/sdk/runner";

await warmEngines();

/** Sets a title, moves up, clears, reports, writes backwards; and ends the line. */
const EVIL = "\u001b]0;owned\u0007\u001b[1A\u001b[2K\r\u009b6n\u0090\u007f\b\u202e|";
const SHOWN = "\\x1b]0;owned\\x07\\x1b[1A\\x1b[2K\\r\\x9b6n\\x90\\x7f\\x08\\u202e|";

// deno-lint-ignore no-control-regex
const STEERS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e]|\r(?!\n)/;

const PROGRAMS: Record<string, string> = {
  "main.ts": `import { task } from "@capsule/sdk";
const evil = ${JSON.stringify(EVIL)};
task({ name: "main" }, (what) => {
  if (what === "prints") { console.log(evil); console.error(evil); return null; }
  if (what === "returns") return evil;
  if (what === "nests") return { [evil]: [evil] };
  const error = new Error(evil);
  error.name = evil;
  error.stack = "    at " + evil + " (main.ts:1:1)\\n";
  throw error;
});`,
  "main.py": `evil = ${JSON.stringify(EVIL)}
import sys
class Evil(Exception): pass
Evil.__name__ = evil
def main(what):
    if what == "prints":
        print(evil)
        print(evil, file=sys.stderr)
        return None
    if what == "returns": return evil
    if what == "nests": return {evil: [evil]}
    raise Evil(evil)`,
};

/** What the command line writes to a terminal, both of its streams. */
function capsuleOnTerminal(cwd: string, ...args: string[]): Promise<string> {
  const command = [
    ...[Deno.execPath(), "run", "-A", "--no-check", "--quiet"],
    ...[`--config=${ROOT}deno.json`, `${ROOT}cli.ts`, ...args],
  ].map((part) => `'${part.replaceAll("'", "'\\''")}'`).join(" ");
  return onTerminal(command, cwd);
}

for (const file of Object.keys(PROGRAMS)) {
  Deno.test(`${file}: what it prints, returns and throws is escaped on a terminal`, async () => {
    using folder = project({ [file]: PROGRAMS[file]! });
    for (const what of ["prints", "returns", "nests", "throws"]) {
      const told = await capsuleOnTerminal(folder.path, "run", "--verbose", file, what);
      assertEquals(STEERS.test(told), false, JSON.stringify(told));
      assertStringIncludes(told, what === "nests" ? "\\u001b]0;owned" : SHOWN);
    }
    // Programs get what was written.
    const { stdout } = await cli(["run", file, "prints"], { cwd: folder.path });
    assertEquals(stdout, `${EVIL}\n`);
    for (const command of ["list", "trace"]) {
      assertEquals(STEERS.test(await capsuleOnTerminal(folder.path, command)), false);
    }
  });
}

Deno.test("control characters in the name of a task are refused, and shown escaped", async () => {
  using folder = project({
    "main.ts": `import { task } from "@capsule/sdk"; task({ name: ${
      JSON.stringify(EVIL)
    } }, () => 1);`,
    "main.py": `from capsule import task\n@task(name=${
      JSON.stringify(EVIL)
    })\ndef main(): return 1`,
  });
  for (const file of Object.keys(PROGRAMS)) {
    const { status, stderr } = await cli(["run", file], { cwd: folder.path });
    assertEquals([status, STEERS.test(stderr)], [1, false], stderr);
    assertStringIncludes(stderr, "control characters");
  }
});

Deno.test("a name with newlines and escapes is one row, and not a separate line", async () => {
  const name = `a\n#9 main completed: 0.0 ms, 0 fuel\n${EVIL}\tb.py`.replace("/", "");
  using folder = project({ [name]: "def main(): raise ValueError('x\\nerror: forged')" });
  const run = await cli(["run", "--verbose", `./${name}`], { cwd: folder.path });
  assertEquals([run.status, STEERS.test(run.stderr)], [1, false], run.stderr);
  const { stdout } = await cli(["list"], { cwd: folder.path });
  const [, row, ...rest] = stdout.trimEnd().split("\n");
  assertEquals(rest, []);
  assertStringIncludes(row!, "a\\n#9 main completed: 0.0 ms, 0 fuel\\n\\x1b]0;owned");
  const trace = (await cli(["trace"], { cwd: folder.path })).stdout.trimEnd().split("\n");
  assertEquals(trace.length, 4, trace.join("\n"));
  assertStringIncludes(trace[0]!, "a\\n#9 main completed");
  assertMatch(trace[3]!, /^main +failed .* task_error: ValueError: x…$/);
  // Of a file that is not there, too.
  const missing = await cli(["run", "\u001b[31m.py"], { cwd: folder.path });
  assertEquals([missing.status, STEERS.test(missing.stderr)], [2, false], missing.stderr);
});

Deno.test("a folder's name cannot control the terminal", async () => {
  using folder = project({ "\u001b[31m\r/main.py": "def main(): return 1" });
  const cwd = `${folder.path}/\u001b[31m\r`;
  Deno.mkdirSync(`${cwd}/.capsule`);
  Deno.writeTextFileSync(`${cwd}/.capsule/trace.db`, "no database ".repeat(500));
  for (const args of [["run", "main.py"], ["run", "none.py"], ["list"]]) {
    const { stdout, stderr } = await cli(args, { cwd });
    assertEquals([STEERS.test(stdout), STEERS.test(stderr)], [false, false], stdout + stderr);
  }
});

/** One program fills its memory with sevens; another looks for them in memory that it has not written to. */
const MEMORY: Record<Language, [fills: string, looks: string]> = {
  typescript: [
    `import { task } from "@capsule/sdk";
task({ name: "main" }, () => {
  for (let n = 0; n < 4; n++) globalThis["kept" + n] = new Uint8Array(8 << 20).fill(7);
});`,
    `import { task } from "@capsule/sdk";
task({ name: "main" }, () =>
  Array.from({ length: 4 }, () => new Uint8Array(8 << 20)).map((bytes) => bytes.indexOf(7)));`,
  ],
  python: [
    `kept = []
def main():
    for _ in range(4): kept.append(b"\\7" * (8 << 20))`,
    `def main(): return [bytes.find(7) for bytes in [bytearray(8 << 20) for _ in range(4)]]`,
  ],
};

for (const language of LANGUAGES) {
  Deno.test(`${language}: memory of one program is not visible to the next`, async () => {
    const [fills, looks] = MEMORY[language];
    await using filling = await open({ language, code: fills });
    await using looking = await open({ language, code: looks });
    for (let round = 0; round < 2; round++) {
      const filled = await Promise.all(Array.from({ length: 6 }, () => filling.call("main")));
      assertEquals(filled.filter(({ success }) => !success), []);
      const looked = await Promise.all(Array.from({ length: 6 }, () => looking.call("main")));
      for (const { result } of looked) assertEquals(result, [-1, -1, -1, -1]);
    }
  });
}
