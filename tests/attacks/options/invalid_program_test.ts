/** Wrong programs that would have the host say that something else is wrong, or where it keeps its files. */
import { assertEquals, assertRejects, assertStringIncludes } from "../../support/assert.ts";
import { project } from "../../support/support.ts";
import { CapsuleError, open, run } from "@capsule/sdk/runner";

const SDK = `import { task } from "@capsule/sdk";`;
const PY = "from capsule import task\n@task\ndef main(): pass\n";

interface Lie {
  language: "typescript" | "python";
  code: string;
  /** Where the program is wrong. */
  at: [file?: string, line?: number];
}

const LIES: Record<string, Lie> = {
  "a message that names a place": {
    language: "typescript",
    code: `${SDK} task({ name: "main" }, () => 1);\nthrow new Error("evil.ts:3:7: boom");`,
    at: ["code.ts", 2],
  },
  "a message of several lines": {
    language: "typescript",
    code:
      `${SDK} task({ name: "main" }, () => 1);\nthrow new Error("\\n    evil.ts:3:7:\\n at f (evil.ts:4:1)");`,
    at: ["code.ts", 2],
  },
  "the name of an error": {
    language: "typescript",
    code: `${SDK} task({ name: "main" }, () => 1);
      const error = new Error("boom"); error.name = "/etc/hosts.txt:1:2"; throw error;`,
    at: ["code.ts", 2],
  },
  "the value of an option": {
    language: "typescript",
    code: `${SDK} task({ name: "main", compute: "/etc/hosts.txt:1:2" as "LOW" }, () => 1);`,
    at: [],
  },
  "an import": {
    language: "typescript",
    code: `import x from "evil.ts:3:7"; export const main = () => x;`,
    at: ["code.ts", 1],
  },
  "a traceback in Python": {
    language: "python",
    code: `${PY}raise ValueError('/etc/hosts.txt:3:7 File "/home/x/id.py", line 9')`,
    at: ["code.py", 4],
  },
};

for (const [name, { language, code, at }] of Object.entries(LIES)) {
  Deno.test(`${name} is not where a program is wrong`, async () => {
    const { error } = await run({ code, language });
    assertEquals(error?.error_type, "invalid_program");
    assertEquals([error?.file, error?.line], [at[0], at[1]], error?.message);
  });
}

Deno.test("the envelope of a text names no folder of packages, which open() does", async () => {
  using folder = project({ ".venv/pyvenv.cfg": "home = /usr\nversion = 3.12" });
  Deno.mkdirSync(`${folder.path}/.venv/lib/python3.12/site-packages`, { recursive: true });
  const text = { code: `import missing_here\n${PY}`, language: "python" } as const;
  const { error } = await run({ ...text, cwd: folder.path });
  assertStringIncludes(error!.message, "No module named 'missing_here'");
  assertEquals(error!.message.includes(folder.path), false, error!.message);
  const { hint } = await assertRejects(() => open({ ...text, cwd: folder.path }), CapsuleError);
  assertStringIncludes(hint!, folder.path);
  // Whoever wrote a trusted file may know.
  const trusted = await run({ ...text, cwd: folder.path, policy: "declared" });
  assertStringIncludes(trusted.error!.message, folder.path);
});
