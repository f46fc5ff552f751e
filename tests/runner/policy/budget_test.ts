import type { NativeLimits } from "../../../ffi/native.ts";
import {
  BUDGET_DEFAULTS,
  BUDGET_KEYS,
  budgetOf,
  clipBudget,
  parseBudget,
} from "../../../runner/policy/budget.ts";
import { assertEquals } from "../../support/assert.ts";
import { ROOT } from "../../support/support.ts";

const GIB = 2 ** 30;

Deno.test("parseBudget() reads each key, and sizes in their units", () => {
  const budget = {
    ram: "8 GB",
    tasksAlive: 1,
    compute: "LOW",
    timeout: "1s",
    tasks: 2,
    taskDepth: 3,
    jsonSize: "4KB",
    outputSize: 5,
    handles: 6,
    requests: 7,
    bodySize: "1.5MB",
  };
  const limits: NativeLimits = {
    ram_bytes: 8 * GIB,
    tasks_alive: 1,
    fuel: 100_000_000,
    timeout_ms: 1000,
    tasks_total: 2,
    task_depth: 3,
    json_bytes: 4096,
    output_bytes: 5,
    handles: 6,
    requests: 7,
    body_bytes: 1.5 * 2 ** 20,
  };
  assertEquals(parseBudget(budget), limits);
  assertEquals(parseBudget({ ram: undefined }), {});
  assertEquals(parseBudget(undefined), {});
  const keys =
    "compute,timeout,ram,tasks_alive,tasks,task_depth,json_size,output_size,handles,requests";
  assertEquals(Object.keys(BUDGET_KEYS).join(), `${keys},body_size`);
});

Deno.test("the defaults are those of the native library", () => {
  const source = Deno.readTextFileSync(`${ROOT}ffi/native/src/policy/limits.rs`);
  const [, body] = source.match(/impl Default for Limits \{[^]*?Self \{([^}]*)\}/)!;
  const defaults = body!.matchAll(/(\w+): ([\d_]+)(?: << (\d+))?,/g).map(([, name, value, shift]) =>
    [name, Number(value!.replaceAll("_", "")) * 2 ** Number(shift ?? 0)] as const
  );
  assertEquals({ ...BUDGET_DEFAULTS }, Object.fromEntries(defaults) as unknown as NativeLimits);
});

Deno.test("clipBudget() takes the lower of two limits, or the default", () => {
  const stranger = { ram_bytes: 16 * GIB, tasks_alive: 100_000, handles: 5 };
  assertEquals(clipBudget({}, stranger), { ram_bytes: 4 * GIB, tasks_alive: 1000, handles: 5 });
  assertEquals(clipBudget({ ram_bytes: 8 * GIB, requests: 1 }, stranger), {
    ram_bytes: 8 * GIB,
    tasks_alive: 1000,
    handles: 5,
    requests: 1,
  });
});

Deno.test("budgetOf() lets a trusted file say more than the defaults, and never more than the host", () => {
  const file = { ram_bytes: 16 * GIB, tasks_alive: 5000 };
  assertEquals(budgetOf({}, file, true), file);
  assertEquals(budgetOf({}, file, false), { ram_bytes: 4 * GIB, tasks_alive: 1000 });
  const host = { ram_bytes: GIB, handles: 3 };
  const expected = { ram_bytes: GIB, handles: 3, tasks_alive: 5000 };
  assertEquals(budgetOf(host, file, true), expected);
  assertEquals(budgetOf({ ram_bytes: 32 * GIB }, { ram_bytes: GIB }, true), { ram_bytes: GIB });
});
