/** `packages` for programs in TypeScript; those in Python: `python_packages_test.ts`. */
import { assertEquals, assertRejects, assertStringIncludes } from "../../support/assert.ts";
import { CapsuleError } from "../../../errors/error.ts";
import { run } from "../../../runner.ts";
import { project } from "../../support/support.ts";

const named = (name: string) => `export const named = ${JSON.stringify(name)};`;

const FILES = {
  "node_modules/tool/index.js": named("host's"),
  "app/main.ts": `import { named } from "tool"; export const main = () => named;
    import { task } from "@capsule/sdk"; export const run = task({ name: "main" }, main);`,
  "app/node_modules/tool/index.js": named("app's"),
  "other/node_modules/tool/index.js": `export { named } from "inner";`,
  "other/node_modules/inner/index.js": named("other's"),
  "empty/file": "",
};

Deno.test("packages chooses the node_modules of a program in TypeScript", async () => {
  using folder = project(FILES);
  const code = `import { named } from "tool"; export const main = () => named;`;
  const cases = [
    [undefined, "host's", "app's"],
    ["host", "host's", "host's"],
    ["other", "other's", "other's"],
    ["other/node_modules", "other's", "other's"],
  ] as const;
  for (const policy of ["declared", "none"] as const) {
    for (const [packages, text, file] of cases) {
      const options = { cwd: folder.path, policy, ...(packages && { packages }) };
      const language = "typescript";
      const results = [
        await run({ code, language, ...options }),
        await run({
          file: "app/main.ts",
          ...options,
        }),
      ];
      assertEquals(results.map((envelope) => envelope.result), [text, file], `${packages}`);
    }
  }
});

Deno.test("with packages: false, TypeScript can import no packages", async () => {
  using folder = project(FILES);
  const options = { cwd: folder.path, language: "typescript", packages: false } as const;
  const errorOf = async (code: string, more = {}) =>
    (await run({ code, ...options, ...more })).error!;
  const using = (statement: string) => `${statement} export const main = () => named;`;
  for (const policy of ["declared", "none"] as const) {
    for (
      const statement of [
        `import { named } from "tool";`,
        `import { named } from "npm:tool";`,
        `const { named } = await import("tool");`,
        `const { named } = require("tool");`,
      ]
    ) {
      const { error_type, message } = await errorOf(using(statement), { policy });
      assertEquals(error_type, "invalid_program");
      assertStringIncludes(message, "this program is run without packages");
    }
    const file = { file: "app/main.ts", cwd: folder.path, packages: false, policy } as const;
    const { message } = (await run(file)).error!;
    assertStringIncludes(message, "this program is run without packages");
  }
  const direct = using(`import { named } from "./node_modules/tool/index.js";`);
  assertStringIncludes((await errorOf(direct)).message, "cannot import");
});

Deno.test("a folder of packages is the only place where they are looked for", async () => {
  using folder = project(FILES);
  const code = `import { named } from "tool"; export const main = () => named;`;
  const options = { code, cwd: folder.path, language: "typescript" } as const;
  const { message } = (await run({ ...options, packages: "empty" })).error!;
  assertStringIncludes(message, `packages were looked for in ${folder.path}/empty/node_modules`);
  await assertRejects(
    () => run({ ...options, packages: "missing" }),
    CapsuleError,
    "packages: there is no folder",
  );
});
