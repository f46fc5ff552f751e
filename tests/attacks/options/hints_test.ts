/** Hints that hold the words of a stranger's program, for somebody who pastes them into a shell. */
import { assertEquals, assertStringIncludes } from "../../support/assert.ts";
import { cli, project } from "../../support/support.ts";

Deno.test("what a program declares is one word of the command line that a hint shows", async () => {
  using folder = project({
    "main.ts": `import { task } from "@capsule/sdk";
      const allowedFiles = ["x; touch pwned #", "it's $(touch pwned)"];
      const allowedHosts = ["a;touch", "*.b.com", "[::1]:80"];
      task({ name: "main", allowedFiles, allowedHosts }, () => { throw 1; });`,
  });
  const { status, stderr } = await cli(["run", "main.ts", "--policy", "none"], {
    cwd: folder.path,
  });
  assertEquals(status, 1);
  const hint = stderr.split("\n").find((line) => line.startsWith("hint: "))!;
  assertStringIncludes(hint, "--allow-hosts 'a;touch,*.b.com,[::1]:80'");
  // As a shell takes it.
  const words = hint.slice(hint.indexOf("--"), hint.indexOf(", or --allow-declared"));
  const shell = new Deno.Command("sh", {
    args: ["-c", `printf '%s\\n' ${words}`],
    cwd: folder.path,
  });
  const { stdout } = await shell.output();
  assertEquals(new TextDecoder().decode(stdout).split("\n"), [
    "--allow-hosts",
    "a;touch,*.b.com,[::1]:80",
    "--allow-files",
    "x; touch pwned #,it's $(touch pwned)",
    "",
  ]);
  assertEquals([...Deno.readDirSync(folder.path)].some(({ name }) => name === "pwned"), false);
});
