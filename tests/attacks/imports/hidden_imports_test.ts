/** Programs whose author is not trusted, in a folder of the host's, that import what tasks do not see in a grant. */
import { assertEquals, assertStringIncludes } from "../../support/assert.ts";
import { project } from "../../support/support.ts";
import { run } from "@capsule/sdk/runner";

const SECRET = "hunter2";
const HIDDEN = [".env", ".env.json", ".env.js", ".env.local.txt", ".git/config", ".capsule/x.json"];

Deno.test("a file under none imports no .env, no .git and no .capsule beside it", async () => {
  const files = Object.fromEntries(HIDDEN.map((name) => [name, `"${SECRET}"`]));
  using folder = project({ ...files, "data.json": '"seen"', "sub/data.json": '"seen"' });
  Deno.symlinkSync(".env.json", `${folder.path}/link.json`);
  Deno.symlinkSync(".git", `${folder.path}/linked`);
  const importing = (specifier: string, type: string) => {
    const attributes = type === "" ? "" : ` with { type: "${type}" }`;
    folder.write(
      "main.ts",
      `import * as it from "${specifier}"${attributes}; console.log(JSON.stringify(it));`,
    );
    return run({ file: "main.ts", cwd: folder.path, policy: "none", capture: true });
  };
  const specifiers = ["link.json", "linked/config", "sub/../.env.json", ".env?x", ".env.json#x"];
  for (const specifier of [...HIDDEN, ...specifiers]) {
    for (const type of ["", "text", "bytes", "json"]) {
      const envelope = await importing(`./${specifier}`, type);
      assertEquals(envelope.error?.error_type, "invalid_program", `${specifier} ${type}`);
      assertStringIncludes(envelope.error!.message, "Could not resolve");
      assertEquals(JSON.stringify(envelope).includes(SECRET), false, specifier);
    }
  }
  assertStringIncludes((await importing("./data.json", "json")).stdout!, "seen");
});

Deno.test("an import pattern does not match hidden files", async () => {
  using folder = project({ "data/.env.json": `"${SECRET}"`, "data/a.json": '"seen"' });
  const code = "export const main = async (name: string) => await import(`./data/${name}.json`);";
  folder.write("main.ts", code);
  const call = (name: string) =>
    run({ file: "main.ts", cwd: folder.path, policy: "none", args: [name] });
  assertStringIncludes(JSON.stringify((await call("a")).result), "seen");
  const envelope = await call(".env");
  assertEquals(envelope.success, false);
  assertEquals(JSON.stringify(envelope).includes(SECRET), false);
});

Deno.test("a module in Python that is a link to .env is not there", async () => {
  using folder = project({ ".env": `KEY = ${SECRET}`, "main.py": "import settings\nprint(1)" });
  Deno.symlinkSync(".env", `${folder.path}/settings.py`);
  const envelope = await run({ file: "main.py", cwd: folder.path, policy: "none" });
  assertStringIncludes(envelope.error!.message, "No module named 'settings'");
  assertEquals(JSON.stringify(envelope).includes(SECRET), false);
});

Deno.test("a trusted program can import hidden files", async () => {
  using folder = project({ ".env.json": '"own"' });
  folder.write("main.ts", 'import own from "./.env.json"; export const main = () => own;');
  const envelope = await run({ file: "main.ts", cwd: folder.path });
  assertEquals(envelope.result, "own");
});
