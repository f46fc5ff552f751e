/**
 * Times, with room for a busy machine: a quarter of what goes wrong when something blocks. What is seen on
 * a quiet one, `deno task bench tasks` says.
 */
import { assertEquals, assertTrue } from "../support/assert.ts";
import { project } from "../support/support.ts";
import { type Envelope, open } from "@capsule/sdk/runner";
import { PROGRAMS } from "../../benches/task_programs.ts";

for (const [name, source] of Object.entries(PROGRAMS)) {
  Deno.test(`${name}: 100 sub-tasks that sleep run side by side`, async () => {
    using folder = project({ [name]: source });
    await using program = await open({ file: `${folder.path}/${name}` });
    for (const task of name.endsWith(".py") ? ["naps", "gathers"] : ["naps"]) {
      await program.call(task, [100]);
      const { result, execution } = await program.call(task, [100]);
      assertEquals(result, 100);
      assertTrue(execution.duration_ms < 1000, `${task}: ${execution.duration_ms} ms, not 5000`);
    }
  });

  Deno.test(`${name}: 8 sub-tasks that compute share the cores`, async () => {
    using folder = project({ [name]: source });
    await using program = await open({ file: `${folder.path}/${name}` });
    const times = async (task: string) => {
      const { result, execution } = await program.call(task, [8]);
      assertEquals(result, 8);
      return execution.duration_ms;
    };
    if (navigator.hardwareConcurrency === 1) return;
    const ratios: number[] = [];
    // Others may have the cores now and then.
    while (!ratios.some((ratio) => ratio < 0.8)) {
      assertTrue(ratios.length < 10, `${ratios}`);
      ratios.push(await times("side") / await times("row"));
    }
  });

  Deno.test(`${name}: a timeout is on time, and others are served meanwhile`, async () => {
    using folder = project({ [name]: source });
    await using program = await open({ file: `${folder.path}/${name}` });
    const served: Envelope[] = [];
    let serving = true;
    const server = (async () => {
      while (serving) {
        served.push(await program.call("quick"));
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    })();
    let late = 0;
    const rounds = 20;
    for (let round = 0; round < rounds; round++) {
      const { error, execution } = await program.call("spins");
      assertEquals(error?.error_type, "timeout");
      assertTrue(execution.duration_ms >= 100, `${execution.duration_ms} ms`);
      late += execution.duration_ms > 110 ? 1 : 0;
    }
    serving = false;
    await server;
    assertTrue(late <= rounds / 4, `${late} of ${rounds} more than 10 ms late`);
    assertTrue(served.length > rounds * 5, `${served.length} calls served`);
    assertTrue(served.every(({ success }) => success), "all of them");
  });
}
