import { assertEquals, assertMatch, assertThrows, assertTrue } from "../support/assert.ts";
import { allCommands } from "../../cli/commands.ts";
import { cli } from "../support/support.ts";
import { table } from "../../cli/terminal/table.ts";
import { type CommandSpec, helpOf, parseArguments } from "../../cli/options/arguments.ts";
import { visible } from "../../cli/terminal/visible.ts";
import { CapsuleError } from "../../errors/error.ts";

const command: CommandSpec = {
  name: "try",
  usage: "FILE",
  summary: "Try something",
  details: "It is tried.",
  options: {
    json: { help: "JSON" },
    verbose: { short: "v", help: "More" },
    mount: { value: "SPEC", help: "A folder", repeated: true },
    cwd: { value: "DIR", help: "Elsewhere" },
  },
};

const parse = (...args: string[]) => parseArguments(args, command);

Deno.test("options may stand anywhere before --", () => {
  const parsed = parse("a.ts", "--json", "x", "--cwd", "d", "-v", "-", "--", "--json", "y");
  assertEquals(parsed.positional, ["a.ts", "x", "-"]);
  assertEquals(parsed.rest, ["--json", "y"]);
  assertEquals([...parsed.flags], ["json", "verbose"]);
  assertEquals(parsed.values.get("cwd"), ["d"]);
});

Deno.test("a value stands behind its option or behind =", () => {
  assertEquals(parse("--cwd=a=b").values.get("cwd"), ["a=b"]);
  assertEquals(parse("--cwd=").values.get("cwd"), [""]);
  assertEquals(parse("--mount", "-x", "--mount=y").values.get("mount"), ["-x", "y"]);
});

Deno.test("mistakes are named", () => {
  const mistakes = [
    [["--jsno"], 'unknown option "--jsno"'],
    [["-x"], 'unknown option "-x"'],
    [["--constructor"], 'unknown option "--constructor"'],
    [["--json=1"], "--json takes no value"],
    [["--cwd"], "--cwd needs a value: --cwd DIR"],
    [["--cwd", "a", "--cwd", "b"], "--cwd is given twice"],
  ] as const;
  for (const [args, message] of mistakes) {
    const error = assertThrows(() => parse(...args), CapsuleError, message);
    assertMatch(error.hint!, /capsule try --help/);
  }
});

Deno.test("help lines up", () => {
  assertEquals(
    helpOf(command),
    `Try something.

Usage: capsule try FILE

It is tried.

Options:
      --json        JSON
  -v, --verbose     More
      --mount SPEC  A folder
      --cwd DIR     Elsewhere
  -h, --help        Show this help
`,
  );
});

Deno.test("no line of a help is wider than a terminal, but examples", async () => {
  const overview = await cli(["--help"], { cwd: "/" });
  const helps = (await allCommands()).map(({ spec }) => helpOf(spec));
  for (const line of [overview.stdout, ...helps].join("").split("\n")) {
    assertTrue(line.length <= 80 || line.startsWith("  ") && line.includes(" capsule "), line);
  }
});

Deno.test("a table is no wider than the terminal", () => {
  const rows = [["one", "é".repeat(9)], ["two", "short"]];
  assertEquals(table(["A", "B"], rows, 10), "A    B\none  éééé…\ntwo  short");
});

Deno.test("a command refuses arguments that it has no use for", () => {
  const few = { ...command, argumentsAtMost: 1 };
  assertEquals(parseArguments(["a"], few).positional, ["a"]);
  for (const args of [["a", "b"], ["a", "--", "b"]]) {
    assertThrows(() => parseArguments(args, few), CapsuleError, 'unexpected argument "b"');
  }
});

Deno.test("visible() shows control characters, and keeps lines and tabs", () => {
  assertEquals(visible("a\u001b[31mb\rc\u0007\u009b\nd\te"), "a\\x1b[31mb\\rc\\x07\\x9b\nd\te");
});
