/** Limits of memory that count for all of a process: tried in one that has nothing else in its memory. */
import { assertEquals } from "../../support/assert.ts";
import { ROOT } from "../../support/support.ts";

Deno.test("the memory of a run and of the process is limited", async () => {
  const args = ["test", "-A", "--no-check", "tests/attacks/limits/run_memory_cases.ts"];
  const { code, stdout } = await new Deno.Command(Deno.execPath(), { args, cwd: ROOT }).output();
  assertEquals(code, 0, new TextDecoder().decode(stdout));
});
