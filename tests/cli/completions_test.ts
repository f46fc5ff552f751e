/** The scripts of `capsule completions`, in the shells that they are for. */
import { allCommands } from "../../cli/commands.ts";
import { assertEquals, assertStringIncludes, assertTrue } from "../support/assert.ts";
import { cli, type Project, project } from "../support/support.ts";

const FILES = {
  "a.ts": "",
  "b.py": "",
  "c.txt": "",
  "d.wasm": "",
  "data.txt": "",
  "sp ace.ts": "",
};
const COMMANDS = (await allCommands()).map(({ spec }) => spec);

function isMissing(shell: string): boolean {
  const folders = Deno.env.get("PATH")!.split(":");
  return !folders.some((folder) => {
    try {
      return Deno.statSync(`${folder}/${shell}`).isFile;
    } catch {
      return false;
    }
  });
}

/** A folder with files of several kinds, and the script for a shell. */
async function folderFor(shell: string): Promise<Project> {
  const folder = project({ ...FILES, "sub/e.ts": "" });
  const { status, stdout, stderr } = await cli(["completions", shell], { cwd: folder.path });
  assertEquals([status, stderr], [0, ""]);
  folder.write("sub/script", stdout);
  return folder;
}

/** Runs a shell, and returns what it prints. */
async function shell(command: string[], cwd: string): Promise<string> {
  const [program, ...args] = command;
  const { stdout, stderr } = await new Deno.Command(program!, {
    args,
    cwd,
    signal: AbortSignal.timeout(20_000),
  }).output();
  assertEquals(new TextDecoder().decode(stderr), "");
  return new TextDecoder().decode(stdout);
}

/** Tests a shell if it is there. */
function testIn(name: string, what: string, body: (folder: Project) => Promise<void>): void {
  Deno.test({
    name: `${name} completes ${what}`,
    ignore: isMissing(name),
    async fn() {
      using folder = await folderFor(name);
      await body(folder);
    },
  });
}

testIn("bash", "commands, options, values and files", async (folder) => {
  const cases: [string[], string[]][] = [
    [["r"], ["run"]],
    [[""], [...COMMANDS.map(({ name }) => name), "--help", "--version"]],
    [["run", ""], ["a.ts", "b.py", "sp ace.ts", "sub"]],
    [["run", "sub/"], ["sub/e.ts"]],
    [["run", "a.ts", "d"], ["d.wasm", "data.txt"]],
    [["run", "--args"], ["--args-file", "--args-json"]],
    [["run", "--args-file", "da"], ["data.txt"]],
    [["run", "--args-file", "=", "da"], ["data.txt"]],
    [["run", "--args-file", "="], [...Object.keys(FILES), "sub"]],
    [["run", "--args-json", ""], []],
    [["run", "--language", ""], ["python", "typescript", "javascript"]],
    [["run", "--cwd", ""], ["sub"]],
    [["run", "--mount", "sub", "b"], ["b.py"]],
    [["run", "--verbose", "b"], ["b.py"]],
    [["exec", ""], ["d.wasm", "sub"]],
    [["build", "a.ts", ""], []],
    [["build", "-o", "da"], ["data.txt"]],
    [["completions", "z"], ["zsh"]],
    [["nonsense", ""], []],
  ];
  folder.write(
    "sub/try",
    `source sub/script
try() {
  COMP_WORDS=(capsule "$@") COMP_CWORD=$#
  _capsule
  ((\${#COMPREPLY[@]} > 0)) && printf '%s\\n' "\${COMPREPLY[@]}"
  echo .
}
${cases.map(([words]) => `try ${words.map((word) => `'${word}'`).join(" ")}`).join("\n")}`,
  );
  const printed = await shell(["bash", "--norc", "sub/try"], folder.path);
  const found = printed.split(/^\.$/m).map((text) => text.split("\n").filter(Boolean).sort());
  for (const [index, [words, expected]] of cases.entries()) {
    assertEquals(found[index], expected.toSorted(), words.join(" "));
  }
});

testIn("bash", "what is typed at a prompt", async (folder) => {
  folder.write("sub/rc", `source sub/script\ncapsule() { echo "typed <$*>"; }\nPS1='> '\n`);
  const typed = [
    "capsule comp\tz\t\n",
    "capsule run --args-f\tda\t\n",
    "capsule run --verb\tsp\t\n",
    "exit\n",
  ];
  const command = `printf '${typed.join("")}' | script --quiet --command ` +
    `'bash --noprofile --rcfile sub/rc -i' /dev/null`;
  const printed = await shell(["sh", "-c", command], folder.path);
  assertStringIncludes(printed, "typed <completions zsh>");
  assertStringIncludes(printed, "typed <run --args-file data.txt>");
  assertStringIncludes(printed, "typed <run --verbose sp ace.ts>");
});

testIn("zsh", "what is typed at a prompt", async (folder) => {
  const typed: [string, string][] = [
    ["capsule comp\\tz\\t", "completions zsh"],
    ["capsule exec d\\t", "exec d.wasm"],
    ["capsule run b\\tdat\\t", "run b.py data.txt"],
    ["capsule run --args-f\\tda\\t", "run --args-file=data.txt"],
    ["capsule run --lang\\tpy\\t", "run --language=python"],
    ["capsule build -o da\\t", "build -o data.txt"],
  ];
  folder.write(
    "sub/try",
    `zmodload zsh/zpty
zpty shell 'PS1= zsh -f -i'
zpty -w shell 'autoload -U compinit; compinit -u -D; source sub/script'
zpty -w shell 'capsule() { print -r -- "ty""ped <$*>" }'
${
      typed.map(([keys]) =>
        `zpty -w shell "$(print -n '${keys}')"; zpty -r shell said '*typed <*>*'; print -r -- $said`
      ).join("\n")
    }
zpty -d shell`,
  );
  const printed = await shell(["zsh", "-f", "sub/try"], folder.path);
  for (const [keys, expected] of typed) {
    assertTrue(
      new RegExp(`typed <${expected} ?>`).test(printed),
      `${keys}: ${JSON.stringify(printed)}`,
    );
  }
});

testIn("fish", "commands, options, values and files", async (folder) => {
  const complete = async (line: string) => {
    const script = `source sub/script; complete -C ${JSON.stringify(line)}`;
    const printed = await shell(["fish", "--no-config", "-c", script], folder.path);
    return printed.split("\n").filter(Boolean).map((text) => text.split("\t")[0]).sort();
  };
  assertEquals(await complete("capsule "), COMMANDS.map(({ name }) => name).sort());
  assertEquals(await complete("capsule run --args"), ["--args-file", "--args-json"]);
  assertEquals(await complete("capsule run --args-file da"), ["data.txt"]);
  assertEquals(await complete("capsule run --args-json "), []);
  assertEquals(await complete("capsule run --language "), ["javascript", "python", "typescript"]);
  assertEquals(await complete("capsule run --cwd "), ["sub/"]);
  assertEquals(await complete("capsule run b"), ["b.py"]);
  assertEquals(await complete("capsule completions z"), ["zsh"]);
  assertEquals(await complete("capsule doctor "), []);
  assertEquals(await complete("capsule build -o da"), ["data.txt"]);
});

Deno.test("an unsupported shell is an error", async () => {
  for (const args of [[], ["tcsh"], ["toString"], ["bash", "zsh"]]) {
    const { status, stdout, stderr } = await cli(["completions", ...args], { cwd: "/" });
    assertEquals([status, stdout], [2, ""], args.join(" "));
    assertStringIncludes(stderr, "hint: supported: bash, zsh, fish");
  }
});
