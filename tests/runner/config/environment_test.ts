import { assertEquals, assertRejects } from "../../support/assert.ts";
import { project, runOrThrow as run } from "../../support/support.ts";
import { CapsuleError, open } from "@capsule/sdk/runner";

const TYPESCRIPT = `
import { task } from "@capsule/sdk";
const seen = () => ({ ...process.env });
const other = task({ name: "other", envVariables: ["B"] }, seen);
const none = task({ name: "none" }, seen);
const main = task({ name: "main", envVariables: ["A", "CAPSULE_TEST", "MISSING"] }, async () =>
  [seen(), (await other()).result, (await none()).result]);
`;

const PYTHON = `
import os
from capsule import task
def seen(): return dict(os.environ)
@task(env_variables=["B"])
def other(): return seen()
@task
def none(): return seen()
@task(env_variables=["A", "CAPSULE_TEST", "MISSING"])
def main():
    assert os.getenv("A") == os.environ.get("A") and os.getenv("B") is None
    return [seen(), other()["result"], none()["result"]]
`;

Deno.test("a task sees the variables that it names, a sub-task its own", async () => {
  using folder = project({
    "capsule.toml": "",
    ".env": 'A=1\nB="two words"\nCAPSULE_TEST=from the file # a comment\n',
    ".env.local": "A='local'\n",
    "main.ts": TYPESCRIPT,
    "main.py": PYTHON,
  });
  Deno.env.set("CAPSULE_TEST", "from the process");
  try {
    for (const file of ["main.ts", "main.py"]) {
      const { result, error } = await run({ file, cwd: folder.path });
      assertEquals(error, null);
      assertEquals(result, [
        { A: "local", CAPSULE_TEST: "from the process" },
        { B: "two words" },
        {},
      ]);
      const given = await run({ file, cwd: folder.path, env: { A: "given", OTHER: "x" } });
      assertEquals(given.result, [
        { A: "given", CAPSULE_TEST: "from the process" },
        { B: "two words" },
        {},
      ]);
    }
  } finally {
    Deno.env.delete("CAPSULE_TEST");
  }
  assertEquals(Deno.env.get("A"), undefined, "nothing is loaded into this process");
});

Deno.test("top-level code sees no variables, and a task's changes affect no other", async () => {
  const programs = {
    typescript: `import { task } from "@capsule/sdk";
      const atTop = Object.keys(process.env);
      task({ name: "main", envVariables: ["CAPSULE_TEST"] }, (value) => {
        const before = process.env.OWN; process.env.OWN = value; process.env.CAPSULE_TEST = value;
        return [atTop, before ?? null, process.env.OWN]; });`,
    python: `import os
from capsule import task
at_top = list(os.environ)
@task(env_variables=["CAPSULE_TEST"])
def main(value):
    before = os.environ.get("OWN"); os.environ["OWN"] = os.environ["CAPSULE_TEST"] = value
    return [at_top, before, os.getenv("OWN")]`,
  };
  for (const language of ["typescript", "python"] as const) {
    const env = { CAPSULE_TEST: "secret" };
    const options = { code: programs[language], language, policy: "declared" } as const;
    await using program = await open({ ...options, env });
    for (const value of ["x", "y"]) {
      assertEquals((await program.call("main", [value])).result, [[], null, value]);
    }
  }
});

Deno.test("invalid values of environment variables are refused", async () => {
  const code = 'from capsule import task\n@task(env_variables=["A"])\ndef main(): return 1';
  const options = { language: "python", policy: "declared" } as const;
  for (const value of ["a\0b", 5 as unknown as string]) {
    const error = await assertRejects(
      () => run({ ...options, code, env: { A: value } }),
      CapsuleError,
      "env.A",
    );
    assertEquals(error.code, "invalid_argument");
  }
  const value = '"quotes" = and\nlines, grüße 😀';
  const long = code.replace("return 1", 'import os; return os.environ["A"]');
  assertEquals((await run({ ...options, code: long, env: { A: value } })).result, value);
});

Deno.test("top-level code that reads a variable of a task's is warned of, once", async () => {
  const programs = {
    typescript: `import { task } from "@capsule/sdk";
const key = process.env.KEY ?? process.env.KEY;
const other = process.env.NODE_ENV;
task({ name: "main", envVariables: ["KEY", "HOME"] }, () => [key ?? null, process.env.KEY]);`,
    python: `import os
from capsule import task
key = os.environ.get("KEY") or os.getenv("KEY")
other = os.environ.get("DEBUG")
try: os.environ["DEBUG"]
except KeyError as error: assert error.args == ("DEBUG",)
@task(env_variables=["KEY", "HOME"])
def main(): return [key, os.environ["KEY"]]`,
  };
  for (const [language, code] of Object.entries(programs)) {
    let printed = "";
    const { result, error } = await run({
      code,
      language: language as "python",
      policy: "declared",
      env: { KEY: "1" },
      onEvent(event) {
        if (event.type === "output") printed += new TextDecoder().decode(event.data);
      },
    });
    assertEquals(error, null, error?.message);
    assertEquals(result, [null, "1"]);
    const name = language === "python" ? "code.py" : "code.ts";
    const warning = `warning: ${name}: top-level code reads the environment variable KEY, ` +
      "which it does not have: read it inside a task\n";
    assertEquals(printed, warning);
  }
});

Deno.test("NODE_ENV chooses between .env.development and .env.production", async () => {
  const line = (name: string) => `${name}=${name}\nMODE=${name}\nSECOND=${name}\n`;
  const names = ["MODE", "SECOND", "PLAIN", "DEV", "PROD", "MINE"];
  using folder = project({
    "capsule.toml": `[tasks]\ndefault_env_variables = ${JSON.stringify(names)}\n`,
    ".env": line("PLAIN"),
    ".env.development": line("DEV"),
    ".env.production": line("PROD"),
    ".env.local": "SECOND=MINE\nMINE=MINE\n",
    ".env.test": line("PROD"),
    "elsewhere": line("PROD"),
    "main.py": "import os\ndef main(): return dict(os.environ)",
  });
  Deno.env.delete("NODE_ENV");
  const seen = async (mode?: string) => {
    const env = mode === undefined ? {} : { NODE_ENV: mode };
    return (await run({ file: "main.py", cwd: folder.path, env })).result;
  };
  const shared = { PLAIN: "PLAIN", SECOND: "MINE", MINE: "MINE" };
  const development = { ...shared, MODE: "DEV", DEV: "DEV" };
  assertEquals(await seen(), development);
  assertEquals(await seen(""), development);
  assertEquals(await seen("development"), development);
  assertEquals(await seen("production"), { ...shared, MODE: "PROD", PROD: "PROD" });
  for (const mode of ["test", "Production", "/../elsewhere", "production/../.env.production"]) {
    assertEquals(await seen(mode), { ...shared, MODE: "PLAIN" }, mode);
  }
});

Deno.test(".env files are not read for a program under the policy none", async () => {
  const files = [".env", ".env.local", ".env.development", ".env.production"];
  using folder = project({
    "capsule.toml": "",
    ...Object.fromEntries(files.map((name) => [name, "A=1"])),
    "main.py": "import os\ndef main(): return dict(os.environ)",
  });
  const grants = { envVariables: ["A"] };
  for (const mode of ["development", "production"]) {
    const env = { NODE_ENV: mode };
    const options = { file: "main.py", cwd: folder.path, policy: "none", grants, env } as const;
    assertEquals((await run(options)).result, {});
  }
});
