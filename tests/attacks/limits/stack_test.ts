/**
 * Guests that call, nest and chain without end, in their own code and in what their language has of C: a
 * failure of theirs, never the end of the process.
 */
import { assertEquals, assertMatch } from "../../support/assert.ts";
import { CACHE, project, ROOT, warmEngines } from "../../support/support.ts";
import { attack, type Language, LANGUAGES } from "../attack.ts";

/** What is written down to a depth of 100,000: `a` is that deep. */
const NESTED: Record<Language, string> = {
  typescript: "let a: any = 0; for (let i = 0; i < 1e5; i++) a = [a];",
  python: "a = 0\n    for _ in range(10**5): a = [a]\n    ",
};

const TYPESCRIPT: Record<string, string> = {
  "a function": "return (function f(): number { return f() + 1; })();",
  "a function that catches what it throws":
    "const f = (): any => { try { return f(); } catch { return f(); } finally { f(); } }; return f();",
  "an asynchronous function": "const f = async (): Promise<any> => await f(); return await f();",
  "a generator": "function* g(): any { yield* g(); } return [...g()];",
  "a getter": "const o = { get x(): any { return this.x; } }; return o.x;",
  "a conversion to text": "const o = { toString(): string { return `${o}`; } }; return String(o);",
  "toJSON": "const o: any = { toJSON: () => ({ o }) }; return o;",
  "a comparison": "const f = (): any => [2, 1].sort(f); return f();",
  "proxies of proxies":
    "let p: any = {}; for (let i = 0; i < 1e5; i++) p = new Proxy(p, {}); return p.x;",
  "a clone": `${NESTED.typescript} structuredClone(a);`,
  "flat": `${NESTED.typescript} return a.flat(Infinity).length;`,
  "JSON.parse": 'return JSON.parse("[".repeat(1e6));',
  "a parser": 'return eval("(".repeat(1e5) + "1" + ")".repeat(1e5));',
};

const PYTHON: Record<string, string> = {
  "a function": "def f(): return f() + 1\n    return f()",
  "a function without its limit":
    "import sys\n    sys.setrecursionlimit(2**31 - 1)\n    def f(x): return sorted([x, x], key=f)\n    f(1)",
  "__repr__": `import sys
    sys.setrecursionlimit(2**31 - 1)
    class A:
        def __getattr__(self, name): return getattr(self, name)
    return A().x`,
  "repr": `${NESTED.python}return len(repr(a))`,
  "a comparison": `${NESTED.python}b = a\n    a = 0\n    for _ in range(10**5): a = [a]
    return a == b`,
  "a hash": "a = ()\n    for _ in range(10**5): a = (a,)\n    return hash(a)",
  "a copy": `${NESTED.python}import copy\n    copy.deepcopy(a)`,
  "pickle":
    `${NESTED.python}import pickle, sys\n    sys.setrecursionlimit(2**31 - 1)\n    pickle.dumps(a)`,
  "json.loads": "import json\n    return json.loads('[' * 10**6)",
  "a parser": "return eval('+'.join(['1'] * 10**5))",
  "a regular expression": "import re\n    return re.match('(' * 10**4 + ')' * 10**4, '')",
  "iterators of iterators": `x = iter([1])
    for _ in range(10**5): x = map(id, x)
    return next(x)`,
  "the end of a long chain":
    "a = []\n    for _ in range(10**6): a = [a]\n    del a\n    return (lambda f: f(f))(lambda f: f(f))",
};

const ATTACKS: Record<Language, Record<string, string>> = {
  typescript: TYPESCRIPT,
  python: PYTHON,
};

for (const language of LANGUAGES) {
  for (const [what, body] of Object.entries(ATTACKS[language])) {
    Deno.test(`${language}: recursion without end of ${what} is contained`, async () => {
      const { error } = await attack({ language, code: program(language, body) });
      if (error?.error_type !== "task_error") {
        return assertEquals(error?.error_type, "stack_overflow", error?.message);
      }
      assertMatch(error.message, /^RecursionError: /);
      assertEquals(language, "python", "QuickJS cannot tell");
    });
  }

  Deno.test(`${language}: a stack overflow in a sub-task fails only that sub-task`, async () => {
    const code = program(language, ATTACKS[language]["a parser"]!);
    const caller = {
      typescript: `
task({ name: "main" }, async () => [(await deep()).error!.error_type, 1 + 1]);`,
      python: `
@task
def main(): return [deep()["error"]["error_type"], 1 + 1]`,
    }[language];
    const deep = code.replace('name: "main"', 'name: "deep"').replace("def main", "def deep");
    const { result, error } = await attack({
      language,
      code: deep.replace(/^task/m, "const deep = task") + caller,
    });
    assertEquals(result, ["stack_overflow", 2], error?.message);
  });
}

Deno.test("small stacks of the host's threads do not affect guests", async () => {
  await warmEngines();
  using folder = project({
    "main.ts": program("typescript", TYPESCRIPT["a clone"]!),
    "main.py": program("python", PYTHON["a copy"]!),
  });
  for (const file of ["main.ts", "main.py"]) {
    const { code, stdout, stderr } = await new Deno.Command("sh", {
      args: [
        "-c",
        `ulimit -s 1024; exec "$0" run -A --no-check --quiet --config="$1/deno.json" "$1/cli.ts" run ${file} --json`,
        ...[Deno.execPath(), ROOT],
      ],
      cwd: folder.path,
      env: { CAPSULE_CACHE_DIR: CACHE, NO_COLOR: "1", RUST_MIN_STACK: String(64 << 10) },
    }).output();
    assertEquals(code, 1, new TextDecoder().decode(stderr));
    const { error } = JSON.parse(new TextDecoder().decode(stdout));
    assertEquals(error.error_type, "stack_overflow", error.message);
  }
});

function program(language: Language, body: string): string {
  return language === "typescript"
    ? `import { task } from "@capsule/sdk";
task({ name: "main", compute: "HIGH" }, async () => { ${body} });`
    : `from capsule import task
@task(compute="HIGH")
def main():
    ${body}`;
}
