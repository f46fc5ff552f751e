/**
 * Uses everything once, and then has nothing left to do: the process ends by itself.
 *
 * Usage: ends.mjs ISOLATION
 */
import { open, run } from "@capsule/sdk/runner";

const code = `from capsule import task
@task
def one(): return 1
@task
def main(): return one()["result"]
@task
def late():
    import time
    time.sleep(60)`;

const isolation = process.argv[2];
const events = [];
const onEvent = ({ type }) => events.push(type);
const first = await run({ language: "python", code, isolation, onEvent });
const program = await open({ language: "python", code, isolation });
const second = await program.call("main");
const cancelled = await program.call("late", [], { signal: AbortSignal.timeout(50) });
// Neither closed nor disposed.
console.log(first.result, second.result, cancelled.error.error_type, events.at(-1));
