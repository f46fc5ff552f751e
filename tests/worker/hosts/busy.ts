/**
 * Makes calls in its worker that never end, and says when they run.
 *
 * Usage: busy.ts CALLS
 */
import { open, run } from "../../../runner.ts";

const calls = Number(Deno.args[0]);
const code = `import { task } from "@capsule/sdk";
export const main = task({ name: "main" }, () => new Promise((end) => setTimeout(end, 60_000)));`;
const program = await open({ code, language: "typescript", isolation: "process" });
let started = 0;
for (let call = 0; call < calls; call++) {
  program.call("main", [], {
    onEvent({ type }) {
      // No more run at once, and the others wait.
      if (type === "task_started" && ++started === Math.min(calls, 1000)) console.log("busy");
    },
  });
}
if (calls > 0) await new Promise(() => setInterval(() => {}, 1000));
await run({ code: "def main(): pass", language: "python", isolation: "process" });
console.log("idle");
setInterval(() => {}, 1000);
