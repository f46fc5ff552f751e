/** What a user writes in TypeScript: tsc checks it, and Node runs it. */
import { type Envelope, task, unwrap } from "@capsule/sdk";
import {
  CapsuleError,
  type CapsuleErrorCode,
  open,
  type OpenProgram,
  run,
  type RunEvent,
  type RunOptions,
} from "@capsule/sdk/runner";

const code = `import { task } from "@capsule/sdk";
export const main = task({ name: "main" }, (name: string) => ({ greeting: "Hello, " + name }));`;

const events: RunEvent["type"][] = [];
const options: RunOptions = {
  code,
  language: "typescript",
  args: ["Ada"],
  onEvent: (event) => events.push(event.type),
};
const envelope: Envelope<{ greeting: string }> = await run<{ greeting: string }>(options);
const greeting: string = envelope.success ? envelope.result.greeting : envelope.error.message;

const program: OpenProgram = await open({ code, language: "typescript" });
const second = await program.call<{ greeting: string }>("main", ["Grace"]);
await program[Symbol.asyncDispose]();

// A task on the host is its function.
const double = task({ name: "double", compute: "LOW" }, (n: number) => n * 2);
const doubled: number = unwrap(await double(21));

const apart: Envelope<{ greeting: string }> = await run({
  ...options,
  args: ["Edsger"],
  isolation: "process",
});

let failed: CapsuleErrorCode | undefined;
try {
  await run({ file: "missing.ts" });
} catch (error) {
  if (error instanceof CapsuleError) failed = error.code;
}
// @ts-expect-error: no such option
const refused: RunOptions = { file: "a.ts", arguments: [] };
void refused;

const greetings = [greeting, second.result?.greeting, apart.result?.greeting];
console.log(...greetings, doubled, failed, events.includes("task_finished"));
