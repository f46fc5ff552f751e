/** Variables that a task does not name: they are not there, by whatever way it looks. */
import { assertEquals, assertRejects, assertStringIncludes } from "../../support/assert.ts";
import { project } from "../../support/support.ts";
import { attack, type Language, LANGUAGES } from "../attack.ts";
import { CapsuleError, open } from "@capsule/sdk/runner";

const SECRET = "the-secret-of-the-host";

/** Looks everywhere, and tells what it has seen as one text. */
const SEARCH: Record<Language, string> = {
  typescript: `import { task } from "@capsule/sdk";
    import { readFileSync } from "node:fs";
    task({ name: "main", envVariables: ["LISTED"] }, async () => {
      const seen = [JSON.stringify(process.env), String(process.env.CAPSULE_ATTACK_SECRET)];
      for (const file of ["/proc/self/environ", "/proc/1/environ", ".env", "/.env", "../.env"]) {
        try { seen.push(readFileSync(file, "utf8")); } catch (error) { seen.push(error.code); }
      }
      return seen.join("\\n");
    });`,
  python: `
import os, posix, sys
from capsule import task
@task(env_variables=["LISTED"])
def main():
    seen = [dict(os.environ), dict(os.environb), posix.environ, os.getenv("CAPSULE_ATTACK_SECRET")]
    for file in ["/proc/self/environ", "/proc/1/environ", ".env", "/.env", "../.env"]:
        try: seen.append(open(file).read())
        except OSError as error: seen.append(error.strerror)
    try:
        from wit_world.imports import environment
        seen.append(environment.get_environment())
    except ImportError as error:
        seen.append(error)
    os.unsetenv("LISTED"); os.putenv("CAPSULE_ATTACK_SECRET", "own")
    seen.append([sys.argv, sys.flags, os.environ.get("CAPSULE_ATTACK_SECRET")])
    return "\\n".join(map(str, seen))`,
};

for (const language of LANGUAGES) {
  Deno.test(`${language}: a variable that is not listed is absent`, async () => {
    using folder = project({ "capsule.toml": "", ".env": `OTHER_SECRET=${SECRET}` });
    Deno.env.set("CAPSULE_ATTACK_SECRET", SECRET);
    try {
      const env = { LISTED: "listed value", UNLISTED: SECRET };
      const { result, error } = await attack({ language, code: SEARCH[language], folder, env });
      assertEquals(error, null, error?.message);
      assertStringIncludes(String(result), "listed value");
      for (const hidden of [SECRET, Deno.env.get("PATH")!, Deno.cwd()]) {
        assertEquals(String(result).includes(hidden), false, `${hidden} in:\n${result}`);
      }
    } finally {
      Deno.env.delete("CAPSULE_ATTACK_SECRET");
    }
  });
}

const WASI = [
  ...["0.2.0", "0.2.3", "0.2.6", "0.2.12", "0.3.0"].map((it) => `wasi:cli/environment@${it}`),
  "wasi:cli/environment",
];

Deno.test("typescript: no import gives access to WASI's environment", async () => {
  const code = `import { task } from "@capsule/sdk";
    task({ name: "main" }, async (name) => {
      const { getEnvironment } = await (0, eval)("import(" + JSON.stringify(name) + ")");
      return getEnvironment();
    });`;
  for (const name of WASI) {
    const { error } = await attack({ language: "typescript", code, args: [name] });
    assertEquals(error?.error_type, "task_error", name);
  }
});

const LISTS: Record<Language, (names: string) => string> = {
  typescript: (names) =>
    `import { task } from "@capsule/sdk"; task({ name: "main", envVariables: ${names} }, () => 1);`,
  python: (names) => `from capsule import task\n@task(env_variables=${names})\ndef main(): pass`,
};

/** Each is text in both languages. */
const MALFORMED = [
  ..."*|A*|?|A=B|=|A B| A|A\\n|A\\u0000|A\\u0000B|1A|A-B|A.B|A/B|$A|${A}|%A%|É|Ａ".split("|"),
  "",
];

for (const language of LANGUAGES) {
  Deno.test(`${language}: patterns and malformed names are refused, before anything runs`, async () => {
    const option = language === "python" ? "env_variables" : "envVariables";
    const lists = MALFORMED.map((name) => `["PATH", "${name}"]`);
    for (const names of [...lists, '"*"', '"PATH"', "[5]", "[[]]", '{"PATH": 1}', "[true]"]) {
      // What Python calls by another name.
      const code = LISTS[language](language === "python" ? names.replace("true", "True") : names);
      const error = await assertRejects(() => attack({ language, code }), CapsuleError, option);
      assertEquals(error.code, "invalid_program", `${names}: ${error.message}`);
      assertStringIncludes(error.message, 'task "main"');
    }
  });
}

const NEIGHBOURS: Record<Language, string> = {
  typescript: `import { task } from "@capsule/sdk";
    const look = async (own) => {
      const before = JSON.stringify(process.env);
      Object.assign(process.env, { A: own, B: own, LEFT: own });
      await new Promise((resolve) => setTimeout(resolve, 5));
      return before;
    };
    const a = task({ name: "a", envVariables: ["A"] }, look);
    const b = task({ name: "b", envVariables: ["B"] }, look);
    const none = task({ name: "none" }, look);
    task({ name: "main", envVariables: ["A", "B"] }, async () => {
      Object.assign(process.env, { A: "main's", LEFT: "main's" });
      const calls = Array.from({ length: 30 }, (_, i) => [a, b, none][i % 3](String(i)));
      return (await Promise.all(calls)).map((call) => JSON.parse(call.result));
    });`,
  python: `
import os, time
from capsule import task
def look(own):
    before = dict(os.environ)
    os.environ.update({"A": own, "B": own, "LEFT": own})
    time.sleep(0.005)
    return before
@task(env_variables=["A"])
def a(own): return look(own)
@task(env_variables=["B"])
def b(own): return look(own)
@task
def none(own): return look(own)
@task(env_variables=["A", "B"])
def main():
    os.environ.update({"A": "main's", "LEFT": "main's"})
    return [call.result()["result"] for call in [[a, b, none][i % 3].submit(str(i)) for i in range(30)]]`,
};

for (const language of LANGUAGES) {
  Deno.test(`${language}: concurrent tasks have separate variables`, async () => {
    const { result, error } = await attack({
      language,
      code: NEIGHBOURS[language],
      env: { A: "of a", B: "of b", LEFT: "of nobody" },
    });
    assertEquals(error, null, error?.message);
    assertEquals(result, Array(10).fill([{ A: "of a" }, { B: "of b" }, {}]).flat());
  });
}

const SETS: Record<Language, string> = {
  typescript: `import { task } from "@capsule/sdk";
    const child = task({ name: "child", envVariables: ["A", "PATH", "__proto__", "constructor"] }, () =>
      Object.entries(process.env));
    task({ name: "main", envVariables: ["A"] }, async () => {
      for (const name of ["A=B", "=A", "A\\0B", "", "__proto__", "x".repeat(1 << 20)]) {
        try { process.env[name] = "v"; } catch { /* As it likes. */ }
      }
      return [process.env.A, (await child()).result];
    });`,
  python: `
import os
from capsule import task
@task(env_variables=["A", "PATH", "__proto__", "constructor"])
def child(): return [list(pair) for pair in os.environ.items()]
@task(env_variables=["A"])
def main():
    for name in ["A=B", "=A", "A\\0B", "", "__proto__", "x" * (1 << 20)]:
        try: os.environ[name] = "v"
        except (ValueError, OSError): pass
    return [os.environ["A"], child()["result"]]`,
};

for (const language of LANGUAGES) {
  Deno.test(`${language}: "=" and NUL in a name make no other variable`, async () => {
    // No shell can set these, and the API's caller wins nothing by them either.
    const env = { A: "own", "PATH": "given", "A=B": "1", "B\0A": "2", "": "3", "A\nPATH": "4" };
    const { result, error } = await attack({ language, code: SETS[language], env });
    assertEquals(error, null, error?.message);
    assertEquals(result, ["own", [["A", "own"], ["PATH", "given"]]]);
  });

  Deno.test(`${language}: a value with NUL is refused`, async () => {
    const code = LISTS[language]('["A"]');
    const opened = () => open({ code, language, env: { A: "1\0B=2" } });
    const error = await assertRejects(opened, CapsuleError, "env.A: must be a string without NUL");
    assertEquals(error.code, "invalid_argument");
  });
}
