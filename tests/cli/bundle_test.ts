/** scripts/capsule, which starts a bundle: the other tests start the sources. */
import { assertEquals, assertMatch } from "../support/assert.ts";
import { compiledAtOnce } from "../../scripts/eager.ts";
import { CACHE, project, ROOT } from "../support/support.ts";

Deno.test("scripts/capsule runs the current sources from any folder", async () => {
  using app = project({
    "capsule.toml": `[workflow]\nentrypoint = "main.ts"\n`,
    "helper.ts": `export const name = "bundled";`,
    "main.ts": `import { task } from "@capsule/sdk"; import { name } from "./helper.ts";
      export const main = task({ name: "main" }, () => name);`,
    "main.py": `def main(): return "snake"`,
  });
  assertEquals(await capsule(app.path, "run"), "bundled\n");
  assertEquals(await capsule(app.path, "run", "main.py"), "snake\n");
  assertEquals(await capsule(app.path, "build", "--export"), "main.wasm\n");
  assertEquals(await capsule(app.path, "exec", "main.wasm"), "bundled\n");
  assertMatch(await capsule(app.path, "list"), /main\.py/);
  assertMatch(await capsule(app.path, "doctor"), /native library/);
});

Deno.test("functions in parentheses behave the same in the bundle", async () => {
  const source = `
    export const first = early();
    function early() { return later().map((n) => n + inner()); function inner() { return 1; } }
    async function* numbers(...[end = 3]) { for (let i = 0; i < end; i++) yield i; }
    function later() { return [1, 2]; }
    const plain = 5;
    const all = {
      plain, [\`m\${plain}\`]() { return super.toString !== undefined; }, get g() { return 7; },
      async *k() { yield await (async () => 8)(); }, f: function named() { return named.name; },
      arrow: (a, { b } = { b: 2 }) => ({ a, b }), set s(v) { this.v = v; },
    };
    class Base { #p = () => this; static s = () => 9; get me() { return this.#p() === this; } *[Symbol.iterator]() { yield 1; } }
    class Sub extends Base { constructor() { super(); this.t = new.target.name; } }
    if (plain) { function block() { return "block"; } all.block = block(); }
    export default function () { return "default"; }
    export async function result() {
      all.s = 1;
      const seen = [];
      for await (const n of numbers()) seen.push(n);
      const s = new Sub();
      return [first, seen, all.m5(), all.g, (await all.k().next()).value, all.f(), all.arrow(1), all.v,
        s.me, s.t, [...s], Sub.s(), all.block, early.name, later.name, all.arrow.name, (() => 1).name];
    }`;
  const result = async (text: string) => {
    const module = await import(`data:text/javascript,${encodeURIComponent(text)}`);
    return JSON.stringify([await module.result(), module.default()]);
  };
  const changed = compiledAtOnce(source);
  assertEquals(await result(changed), await result(source));
  assertMatch(changed, /var early=\(function early/);
});

Deno.test("a start compiles hardly anything: V8 has kept the functions of the bundle", async () => {
  using app = project({ "main.ts": `export const main = () => "ran";` });
  const log = `${app.path}/v8.log`;
  const flags = `--v8-flags=--log-function-events,--no-logfile-per-isolate,--logfile=${log}`;
  const options = ["run", "-A", "--quiet", "--no-config", "--no-lock", flags];
  const start = async () => {
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [...options, `${ROOT}dist/cli.js`, "run", "main.ts"],
      cwd: app.path,
      env: { CAPSULE_CACHE_DIR: CACHE, DENO_DIR: `${app.path}/deno` },
    }).output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
  };
  for (let starts = 0; starts < 3; starts++) await start();
  const lines = Deno.readTextFileSync(log).split("\n").map((line) => line.split(","));
  const own = lines.filter(([event, , url]) =>
    event === "script-details" && url?.includes("/dist/")
  );
  const scripts = own.map(([, script]) => script);
  const compiled = lines.filter(([event, what, script]) =>
    event === "function" && what === "parse-function" && scripts.includes(script)
  );
  assertEquals(own.length > 0, true);
  // Methods of classes; without the parentheses, there were 276.
  assertEquals(compiled.length < 90, true, `${compiled.length} functions`);
});

async function capsule(cwd: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(`${ROOT}scripts/capsule`, {
    args,
    cwd,
    env: { CAPSULE_CACHE_DIR: CACHE, NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  assertEquals(code, 0, decoder.decode(stderr));
  return decoder.decode(stdout);
}
