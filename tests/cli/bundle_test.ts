/** scripts/capsule, which starts a bundle: the other tests start the sources. */
import { assertEquals, assertMatch } from "../assert.ts";
import { CACHE, project, ROOT } from "../support.ts";

Deno.test("scripts/capsule runs from any folder what the sources run", async () => {
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
