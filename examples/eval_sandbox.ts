/**
 * The host of an agent: runs 50 pieces of untrusted code at once, and gets 50 envelopes.
 *
 *     deno run -A examples/eval_sandbox.ts
 */
import { type Envelope, run } from "@capsule/sdk/runner";

/** Code, and its expected outcome: a value or an error type. */
type Snippet = [code: string, expected: { result: unknown } | { error: string }];

const result = (result: unknown) => ({ result });
const error = (error: string) => ({ error });

export const typescript: Snippet[] = [
  ["6 * 7", result(42)],
  ["'a'.repeat(3)", result("aaa")],
  ["[3, 1, 2].sort().map((n) => n * n)", result([1, 4, 9])],
  ["({ sum: [1, 2, 3].reduce((a, b) => a + b) })", result({ sum: 6 })],
  ["undefined", result(null)],
  ["new Date(0)", result("1970-01-01T00:00:00.000Z")],
  ['JSON.parse(\'{"error_type": "timeout"}\')', result({ error_type: "timeout" })],
  ["'2025-11-23'.match(/\\d+/g).map(Number)", result([2025, 11, 23])],
  ["new Promise((resolve) => setTimeout(resolve, 20, 'later'))", result("later")],
  ["(async () => (await Promise.all([1, 2].map(async (n) => n + 1))).join())()", result("2,3")],
  ["new URL('../b?c=d', 'https://x.com/a/').href", result("https://x.com/b?c=d")],
  ["Array.from(new TextEncoder().encode('ü'))", result([195, 188])],
  ["structuredClone(new Map([[1, 2]])).get(1)", result(2)],
  ["console.log('printed'), 1", result(1)],
  ["typeof process, typeof Deno", result("undefined")],
  ["throw new TypeError('no')", error("task_error")],
  ["null.x", error("task_error")],
  ["let x = ;", error("task_error")],
  ["Promise.reject('rejected')", error("task_error")],
  ["10n", error("invalid_result")],
  ["const a = []; a.push(a); a", error("invalid_result")],
  ["while (true);", error("fuel_exhausted")],
  ["new Promise(() => setInterval(() => {}, 10))", error("timeout")],
  ["(function f() { return f() + 1; })()", error("stack_overflow")],
  ["const a = []; while (true) a.push(new Uint8Array(1e6))", error("memory_limit")],
];

export const python: Snippet[] = [
  ["6 * 7", result(42)],
  ["'a' * 3", result("aaa")],
  ["sorted(n * n for n in [3, 1, 2])", result([1, 4, 9])],
  ["{'sum': sum([1, 2, 3])}", result({ sum: 6 })],
  ["x = 1", result(null)],
  ["import datetime\ndatetime.date(2025, 11, 23).isoformat()", result("2025-11-23")],
  ['import json\njson.loads(\'{"error_type": "timeout"}\')', result({ error_type: "timeout" })],
  ["import re\nre.findall(r'\\d+', '1 22 333')", result(["1", "22", "333"])],
  ["import time\ntime.sleep(0.02)\n'later'", result("later")],
  ["import asyncio\nasyncio.run(asyncio.sleep(0.02, 'later'))", result("later")],
  ["import statistics\nstatistics.median([1, 2, 10])", result(2)],
  ["(1, 'two', None)", result([1, "two", null])],
  ["2 ** 100", result(2 ** 100)],
  ["print('printed')\n1", result(1)],
  ["import os\ndict(os.environ)", result({})],
  ["raise ValueError('no')", error("task_error")],
  ["1 / 0", error("task_error")],
  ["x = = 1", error("task_error")],
  ["open('/etc/passwd').read()", error("task_error")],
  ["{1, 2}", error("invalid_result")],
  ["float('nan')", error("invalid_result")],
  ["while True: pass", error("fuel_exhausted")],
  ["import time\ntime.sleep(60)", error("timeout")],
  ["def f(): return f() + 1\nf()", error("task_error")],
  ["x = []\nwhile True: x.append(bytes(10 ** 6))", error("memory_limit")],
];

/** Runs all snippets at once. Returns their envelopes in the same order. */
export function evaluate(file: string, snippets: Snippet[]): Promise<Envelope[]> {
  return Promise.all(snippets.map(([code]) => run({ file, args: [code] })));
}

/** Whether an envelope has the outcome that a snippet expects. */
export function isRight(envelope: Envelope, [, expected]: Snippet): boolean {
  if ("error" in expected) return envelope.error?.error_type === expected.error;
  return envelope.success && JSON.stringify(envelope.result) === JSON.stringify(expected.result);
}

if (import.meta.main) {
  const folder = new URL(".", import.meta.url).pathname;
  const languages = [["sandbox.ts", typescript], ["sandbox.py", python]] as const;
  const envelopes = await Promise.all(
    languages.map(([file, snippets]) => evaluate(folder + file, snippets)),
  );
  let right = 0;
  for (const [index, [, snippets]] of languages.entries()) {
    for (const [position, snippet] of snippets.entries()) {
      const envelope = envelopes[index]![position]!;
      const mark = isRight(envelope, snippet) ? "✔" : "✘";
      const shown = envelope.success ? JSON.stringify(envelope.result) : envelope.error.error_type;
      const code = snippet[0].replaceAll("\n", "; ");
      console.log(`${mark} ${code.slice(0, 60).padEnd(60)}  ${shown}`);
      if (isRight(envelope, snippet)) right++;
    }
  }
  console.log(`${right} of ${typescript.length + python.length} envelopes are right`);
  if (right < typescript.length + python.length) Deno.exit(1);
}
