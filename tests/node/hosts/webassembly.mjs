/**
 * V8's own WebAssembly and Wasmtime in one process, traps of both included: each has handlers for the same
 * signals. Deno and Node run it.
 *
 * Usage: webassembly.mjs SECONDS
 */
import process from "node:process";
import { isMainThread, Worker } from "node:worker_threads";

const THREADS = 2;
const seconds = Number(process.argv[2]);

/** A section of a module. */
const section = (id, bytes) => [id, bytes.length, ...bytes];
const body = (...code) => [code.length + 2, 0, ...code, 0x0b];
/** Of (param i32 i32) (result i32): divide, load, recurse, unreachable, and one that is right. */
const FUNCTIONS = {
  divide: [0x20, 0, 0x20, 1, 0x6d],
  load: [0x20, 0, 0x28, 2, 0],
  recurse: [0x20, 0, 0x20, 1, 0x10, 2, 0x41, 1, 0x6a],
  unreachable: [0x00],
  add: [0x20, 0, 0x20, 1, 0x6a],
};
const names = Object.keys(FUNCTIONS);
const text = (name) => [name.length, ...new TextEncoder().encode(name)];
const MODULE = new Uint8Array([
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...section(1, [1, 0x60, 2, 0x7f, 0x7f, 1, 0x7f]),
  ...section(3, [names.length, ...names.map(() => 0)]),
  ...section(5, [1, 0, 1]),
  ...section(7, [names.length, ...names.flatMap((name, index) => [...text(name), 0, index])]),
  ...section(10, [names.length, ...Object.values(FUNCTIONS).flatMap((code) => body(...code))]),
]);
const { exports } = new WebAssembly.Instance(new WebAssembly.Module(MODULE));

function outcome(name, a, b) {
  try {
    return exports[name](a, b);
  } catch (error) {
    return error.constructor.name;
  }
}

/** Every trap of V8's, and what follows it. Returns how many. */
function check() {
  const expected = {
    divide: [[6, 3, 2], [1, 0, "RuntimeError"]],
    load: [[0, 0, 0], [0x7fff0000, 0, "RuntimeError"], [-8, 0, "RuntimeError"]],
    recurse: [[1, 1, "RangeError"]],
    unreachable: [[0, 0, "RuntimeError"]],
    add: [[40, 2, 42]],
  };
  let count = 0;
  for (const [name, calls] of Object.entries(expected)) {
    for (const [a, b, wanted] of calls) {
      const got = outcome(name, a, b);
      if (got !== wanted) throw new Error(`${name}(${a}, ${b}) gave ${got}, not ${wanted}`);
      count++;
    }
  }
  return count;
}

async function callGuests(deadline) {
  const { open } = await import("@capsule/sdk/runner");
  const code = `from capsule import task
@task
def recursion(): return recursion.__wrapped__()
@task(compute=5_000_000)
def endless():
    while True: pass
@task(ram="64MB")
def memory(): return len([bytes(10 ** 6) for _ in range(100)])
@task
def right(n): return n * 2`;
  const source = `import { task } from "@capsule/sdk";
export const deep = task({ name: "deep" }, () => (function f() { return f() + 1; })());
export const divide = task({ name: "divide" }, (n) => [n % 0, 1n / BigInt(n)].length);`;
  const python = await open({ language: "python", code });
  const typescript = await open({ language: "javascript", code: source });
  const calls = [
    [python, "endless", [], "fuel_exhausted"],
    [python, "memory", [], "memory_limit"],
    [python, "recursion", [], "task_error"],
    [python, "right", [21], 42],
    [typescript, "deep", [], "stack_overflow"],
    [typescript, "divide", [0], "task_error"],
    [typescript, "divide", [1], 2],
  ];
  let count = 0;
  while (performance.now() < deadline) {
    const started = calls.map(([program, task, args]) => program.call(task, args));
    // While Wasmtime runs on its threads.
    check();
    for (const [index, { result, error }] of (await Promise.all(started)).entries()) {
      const got = error?.error_type ?? result;
      const [, task, , wanted] = calls[index];
      if (got !== wanted) throw new Error(`${task} gave ${got}, not ${wanted}: ${error?.message}`);
      count++;
    }
  }
  return count;
}

const deadline = performance.now() + seconds * 1000;
if (isMainThread) {
  const workers = Array.from({ length: THREADS }, () => {
    const worker = new Worker(new URL(import.meta.url), { argv: [String(seconds)] });
    return new Promise((resolve, reject) => {
      worker.on("error", reject);
      worker.on("exit", resolve);
    });
  });
  const guests = await callGuests(deadline);
  await Promise.all(workers);
  console.log(JSON.stringify({ guests, traps: check() }));
} else {
  while (performance.now() < deadline) check();
}
