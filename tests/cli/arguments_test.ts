import { assertEquals, assertMatch, assertThrows } from "../assert.ts";
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

Deno.test("visible() shows control characters, and keeps lines and tabs", () => {
  assertEquals(visible("a\u001b[31mb\rc\u0007\u009b\nd\te"), "a\\x1b[31mb\\rc\\x07\\x9b\nd\te");
});
