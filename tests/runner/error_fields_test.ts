/** The fields of errors, which are the same in this process and from a worker. */
import { assertEquals, assertRejects } from "../support/assert.ts";
import { project } from "../support/support.ts";
import { CapsuleError, open, type ProgramOptions } from "@capsule/sdk/runner";

const CODE = { code: "def main(): return 1", language: "python" } as const;

async function fieldsFor(options: object): Promise<Record<string, unknown>> {
  const error = await assertRejects(() => open(options as ProgramOptions), CapsuleError);
  const { name: _, hint: __, ...fields } = error;
  return { ...fields, message: error.message };
}

for (const isolation of ["sandbox", "process"]) {
  Deno.test(`${isolation}: an error about an option names it, the value and what is expected`, async () => {
    const grants = { allowedFiles: [{ path: "a", mode: "rx" }] };
    assertEquals(await fieldsFor({ ...CODE, isolation, grants }), {
      code: "invalid_argument",
      problem: 'must be "read-only" or "read-write" (got "rx")',
      option: "grants.allowedFiles[0].mode",
      value: '"rx"',
      expected: '"read-only" or "read-write"',
      message: 'grants.allowedFiles[0].mode: must be "read-only" or "read-write" (got "rx")',
    });
  });

  Deno.test(`${isolation}: an error about a task's option names file and task`, async () => {
    const code = "from capsule import task\n@task(max_retries=-1)\ndef main(): return 1";
    assertEquals(await fieldsFor({ ...CODE, code, isolation }), {
      code: "invalid_program",
      problem: "must be a whole number from 0 to 100 (got -1)",
      option: "max_retries",
      value: "-1",
      expected: "a whole number from 0 to 100",
      task: "main",
      file: "code.py",
      message: 'code.py: task "main": max_retries: must be a whole number from 0 to 100 (got -1)',
    });
  });

  Deno.test(`${isolation}: an error about capsule.toml names file and line`, async () => {
    using folder = project({
      "main.py": CODE.code,
      "capsule.toml": "[budget]\ntasks = 5\ntask_dept = 1",
    });
    const fields = await fieldsFor({ file: "main.py", cwd: folder.path, isolation });
    assertEquals(
      [fields.code, fields.file, fields.line, fields.option],
      ["invalid_config", "capsule.toml", 3, "budget.task_dept"],
    );
  });
}
