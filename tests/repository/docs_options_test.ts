/**
 * docs/options.md has all options, as the types have them: `UPDATE=1 deno test -A tests/repository/docs_options_test.ts` writes
 * its tables.
 */
import { assertEquals } from "../support/assert.ts";
import { ROOT } from "../support/support.ts";
import { runCommand } from "../../cli/commands/run.ts";
import { CALL_OPTIONS, OPEN_OPTIONS, RUN_OPTIONS } from "../../runner/options/options.ts";

const FILE = `${ROOT}docs/options.md`;
const TABLES = /(<!-- table: .* -->\n)[^]*(<!-- \/table -->)/;

/** What stands for an option on the command line. Options whose names are the same go without. */
const COMMAND_LINE: Record<string, string> = {
  file: "`FILE`",
  code: "`-`: standard input",
  mounts: "`--mount`",
  env: "its environment",
  policy: "`--policy`, `--allow-declared`",
  grants: "`--allow-files`, `--allow-hosts`, `--allow-env`",
  secrets: "`--secret`",
  limits: "`--compute`, `--ram`, `--timeout`",
  budget: "`[budget]` of `capsule.toml`",
  labels: "`--label`",
  args: "`ARGS`, `--args-json`, `--args-file`",
  onEvent: "`--verbose`, `--json`",
  signal: "Ctrl-C",
};
/** What Python has in another way. */
const PYTHON: Record<string, string> = {
  signal: "cancelled as a task of `asyncio`; Ctrl-C",
  isolation: 'always `"process"`',
};

interface Member {
  name: string;
  jsDoc?: { doc: string };
}

/** The interfaces that the API exports, by name. */
async function interfaces(): Promise<Record<string, Member[]>> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--json", `${ROOT}runner.ts`],
  }).output();
  const { nodes } = JSON.parse(new TextDecoder().decode(stdout));
  const [{ symbols }] = Object.values(nodes) as [
    { symbols: { name: string; declarations: { def: { properties?: Member[] } }[] }[] },
  ];
  return Object.fromEntries(
    symbols.map(({ name, declarations }) => [name, declarations[0]!.def.properties ?? []]),
  );
}

function meaning({ jsDoc }: Member): string {
  const [first = ""] = (jsDoc?.doc ?? "").replaceAll(/\s+/g, " ").split(/(?<=\.) (?=[A-Z])/);
  return first.replaceAll("|", "\\|");
}

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** The keyword arguments of a function in Python. */
function parameters(file: string, name: string): string[] {
  const source = Deno.readTextFileSync(`${ROOT}python/src/capsule/_client/${file}.py`);
  const [, text = ""] = source.match(new RegExp(`def ${name}\\(([^]*?)\\n *\\) ->`)) ?? [];
  return Array.from(text.matchAll(/^ +(\w+):/gm), ([, parameter]) => parameter!);
}

function table(header: string[], rows: string[][]): string[] {
  return [header, header.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`);
}

async function tables(): Promise<string> {
  const found = await interfaces();
  const all = ["ProgramCode", "ProgramFile", "ProgramSettings", "RunSettings", "CallOptions"]
    .flatMap((name) => found[name]!);
  // A member that a variant forbids has no words of its own.
  const said = all.filter(({ jsDoc }) => jsDoc !== undefined);
  const members = new Map(said.toReversed().map((member) => [member.name, member]));
  const names = [...new Set([...OPEN_OPTIONS, ...RUN_OPTIONS, ...CALL_OPTIONS])];
  assertEquals([...members.keys()].toSorted(), names.toSorted(), "types and options.ts agree");
  const python = new Set([...parameters("run", "run"), ...parameters("open", "call")]);
  const mark = (options: readonly string[], name: string) => options.includes(name) ? "✓" : "";
  const rows = names.map((name) => [
    `\`${name}\``,
    mark(RUN_OPTIONS, name),
    mark(OPEN_OPTIONS, name),
    mark(CALL_OPTIONS, name),
    python.has(snakeCase(name)) ? `\`${snakeCase(name)}\`` : PYTHON[name] ?? "",
    COMMAND_LINE[name] ?? (Object.hasOwn(runCommand.options, name) ? `\`--${name}\`` : ""),
    meaning(members.get(name)!),
  ]);
  const header = ["option", "`run`", "`open`", "`call`", "Python", "command line", ""];
  const lines = table(header, rows);
  const groups = { Grants: "grants", TaskLimits: "limits", Budget: "budget", Secret: "secrets" };
  for (const [type, option] of Object.entries(groups)) {
    const members = found[type]!.map((member) => [
      `\`${member.name}\``,
      `\`${snakeCase(member.name)}\``,
      meaning(member),
    ]);
    const title = option === "secrets" ? "Each of `secrets`" : `\`${option}\``;
    lines.push("", `### ${title}`, "", ...table(["key", "Python", ""], members));
  }
  return lines.join("\n");
}

Deno.test("docs/options.md has all options", async () => {
  const text = Deno.readTextFileSync(FILE);
  const made = await tables();
  const expected = text.replace(TABLES, (_, before, after) => `${before}\n${made}\n\n${after}`);
  if (Deno.env.has("UPDATE")) return Deno.writeTextFileSync(FILE, expected);
  assertEquals(text, expected);
});

Deno.test("every flag of the command line stands in the table", () => {
  const text = Deno.readTextFileSync(FILE);
  const missing = Object.keys(runCommand.options).filter((name) => !text.includes(`--${name}`));
  assertEquals(missing, []);
});

Deno.test("Python and TypeScript have the same options", () => {
  const own = (names: readonly string[]) =>
    names.filter((name) => !Object.hasOwn(PYTHON, name)).map(snakeCase).toSorted();
  assertEquals(parameters("run", "run").toSorted(), own(RUN_OPTIONS));
  assertEquals(parameters("open", "open").toSorted(), own(OPEN_OPTIONS));
  assertEquals(
    parameters("open", "call").toSorted(),
    own([...CALL_OPTIONS, "task", "args"]),
  );
});
