/**
 * Ends in the midst of a run.
 *
 * Usage: exits.mjs exit|throw ISOLATION
 */
import { run } from "@capsule/sdk/runner";

const code = `from capsule import task
@task(compute="HIGH")
def main():
    print("runs")
    while True: pass`;

await run({
  language: "python",
  code,
  isolation: process.argv[3],
  onEvent({ type }) {
    if (type !== "task_started") return;
    // A thread waits for events by then.
    setTimeout(() => {
      if (process.argv[2] === "exit") process.exit(7);
      throw new Error("thrown by the host");
    }, 50);
  },
});
