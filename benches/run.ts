/**
 * Runs benchmarks, each in a process of its own.
 *
 * Usage: deno task bench [NAME…]
 */
import { ROOT } from "../scripts/common.ts";

const BENCHES: Record<string, string> = {
  images: "a call from an image, beside a load in every sandbox",
  tasks: "sub-tasks side by side, and how late timeouts are",
  build: "components: what they weigh, and what they take to build and to run",
  memory: "1,000 sandboxes of one program, asleep",
};

const chosen = Deno.args.length > 0 ? Deno.args : Object.keys(BENCHES);
for (const name of chosen) {
  const what = BENCHES[name];
  if (what === undefined) {
    console.error(`there is no benchmark "${name}"; there are: ${Object.keys(BENCHES).join(", ")}`);
    Deno.exit(2);
  }
  console.log(`\n${name}: ${what}\n`);
  const args = ["run", "-A", `--config=${ROOT}deno.json`, `${ROOT}benches/${name}.ts`];
  const { code } = await new Deno.Command(Deno.execPath(), { args }).spawn().status;
  if (code !== 0) Deno.exit(code);
}
