/**
 * Kills its worker, and uses the next one. What lies in the current folder and in the environment has no say
 * in how that starts.
 */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import process from "node:process";
import { open, run } from "@capsule/sdk/runner";

const isolation = "process";
const evil = `${process.cwd()}/evil.cjs`;
writeFileSync(evil, `require("node:fs").writeFileSync(__dirname + "/marked", "")`);
process.env.NODE_OPTIONS = `--require ${evil}`;
process.env.PATH = process.cwd();

/** The processes that this one has started. */
function children() {
  const ids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const parent = `\nPPid:\t${process.pid}\n`;
  return ids.filter((id) => {
    try {
      return readFileSync(`/proc/${id}/status`, "utf8").includes(parent);
    } catch {
      return false;
    }
  }).map(Number);
}

const program = await open({
  language: "javascript",
  code: `import { task } from "@capsule/sdk";
    export const main = task({ name: "main" }, (ms) => new Promise((end) => setTimeout(end, ms, ms)));`,
  isolation,
});
const [first] = children();
const inFlight = [program.call("main", [60_000]), program.call("main", [60_000])];
setTimeout(() => process.kill(first, "SIGKILL"), 200);
const killed = await Promise.all(inFlight);
const again = await Promise.all([
  run({ language: "python", code: "def main(): return 'again'", isolation }),
  program.call("main", [2]),
]);
const [second] = children();
const seen = {
  workers: [first, second],
  killed: killed.map(({ error }) => error.error_type),
  message: killed[0].error.message,
  again: again.map(({ result }) => result),
  evil: existsSync("marked"),
};
rmSync(evil);
console.log(JSON.stringify(seen));
