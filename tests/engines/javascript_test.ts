/** What a program finds inside the JavaScript engine. */
import { runOrThrow as run } from "../support/support.ts";
import { assertEquals, assertStringIncludes } from "../support/assert.ts";
import { open } from "@capsule/sdk/runner";
import "../support/support.ts";

/** Evaluates expressions in one sandbox each. */
async function evaluate(...expressions: string[]): Promise<unknown[]> {
  await using program = await open({
    language: "javascript",
    code: `import { task } from "@capsule/sdk";
      task({ name: "main", timeout: "10s" }, (code) => (0, eval)(code));`,
  });
  return await Promise.all(expressions.map(async (expression) => {
    const { result, error } = await program.call("main", [expression]);
    return error ? `${error.error_type}: ${error.message}` : result;
  }));
}

/** Pairs of an expression and its value. */
async function check(cases: [string, unknown][]): Promise<void> {
  const values = await evaluate(...cases.map(([expression]) => expression));
  for (const [index, [expression, expected]] of cases.entries()) {
    assertEquals(values[index], expected, expression);
  }
}

Deno.test("timers", async () => {
  await check([
    ["new Promise((r) => setTimeout((a, b) => r([a, b]), 5, 1, 2))", [1, 2]],
    [
      "(async () => { const o = []; setTimeout(() => o.push('c'), 20); setTimeout(() => o.push('a'), 1); setTimeout(() => o.push('b'), 8); await new Promise((r) => setTimeout(r, 40)); return o.join(''); })()",
      "abc",
    ],
    [
      "(async () => { let n = 0; const id = setInterval(() => { if (++n === 3) clearInterval(id); }, 2); await new Promise((r) => setTimeout(r, 60)); return n; })()",
      3,
    ],
    [
      "(async () => { let n = 0; clearTimeout(setTimeout(() => n++, 1)); clearTimeout(undefined); clearTimeout(999); await new Promise((r) => setTimeout(r, 20)); return n; })()",
      0,
    ],
    ["new Promise((r) => queueMicrotask(() => r('micro')))", "micro"],
    ["new Promise((r) => setImmediate(r, 'soon'))", "soon"],
    ["new Promise((r) => setTimeout(r, -5, 'now'))", "now"],
  ]);
});

Deno.test("timers fire in order, and promises settle between two of them", async () => {
  await check([
    [
      `(async () => {
        const o = [];
        for (let i = 0; i < 5; i++) {
          setTimeout(() => {
            o.push(i);
            Promise.resolve().then(() => {}).then(() => {}).then(() => o.push("p"));
          }, 5);
        }
        await new Promise((r) => setTimeout(r, 30));
        return o.join("");
      })()`,
      "0p1p2p3p4p",
    ],
    [
      "(async () => { setTimeout(() => { throw 1; }, 1); await new Promise((r) => setTimeout(r, 9)); return 'goes on'; })()",
      "goes on",
    ],
  ]);
});

Deno.test("sub-tasks that end while their caller sleeps are there when it awaits them", async () => {
  const code = `import { task } from "@capsule/sdk";
    const part = task({ name: "part" }, (n) => n);
    task({ name: "main" }, async (count) => {
      const parts = Array.from({ length: count }, (_, n) => part(n));
      await new Promise((resolve) => setTimeout(resolve, 300));
      const first = await Promise.all(parts);
      const again = await Promise.all([part(-1), part(-2), new Promise((resolve) => setTimeout(resolve, 5))]);
      return [...first, again[0], again[1]].map(({ result }) => result);
    });`;
  await using program = await open({ code, language: "javascript" });
  for (const count of [1, 2, 20]) {
    const expected = [...Array.from({ length: count }, (_, n) => n), -1, -2];
    assertEquals((await program.call("main", [count])).result, expected);
  }
});

Deno.test("timers of top-level code go on in each call", async () => {
  await using program = await open({
    language: "javascript",
    code: `import { task } from "@capsule/sdk";
      let ticks = 0;
      clearTimeout(setTimeout(() => ticks += 1000, 5));
      await new Promise((resolve) => setTimeout(resolve, 2));
      const id = setInterval(() => ticks++, 10);
      task({ name: "main" }, async () => {
        await new Promise((resolve) => setTimeout(resolve, 100));
        clearInterval(id);
        return ticks;
      });`,
  });
  for (let call = 0; call < 3; call++) {
    const { result } = await program.call<number>("main");
    assertEquals(result! >= 2 && result! <= 10, true, `${result} ticks`);
  }
});

Deno.test("URL and URLSearchParams", async () => {
  await check([
    [
      "new URL('https://user:pw@exämple.com:8080/a/../b?q=1#h').href",
      "https://user:pw@xn--exmple-cua.com:8080/b?q=1#h",
    ],
    ["URL.canParse('nope')", false],
    ["new URLSearchParams('a=1&a=2&b=%20x').getAll('a')", ["1", "2"]],
    ["String(new URLSearchParams({ 'ü': 'a b', c: '&' }))", "%C3%BC=a+b&c=%26"],
    ["[...new URL('http://x/?a=1&b=2').searchParams].join()", "a,1,b,2"],
  ]);
});

Deno.test("TextEncoder and TextDecoder", async () => {
  await check([
    ["[...new TextEncoder().encode('é😀\\ud800')]", [195, 169, 240, 159, 152, 128, 239, 191, 189]],
    [
      "JSON.stringify(new TextEncoder().encodeInto('é😀', new Uint8Array(4)))",
      '{"read":1,"written":2}',
    ],
    ["new TextDecoder().decode(new Uint8Array([239, 187, 191, 104, 105, 255]))", "hi\ufffd"],
    [
      "new TextDecoder('utf-8', { ignoreBOM: true }).decode(new Uint8Array([239, 187, 191, 104]))",
      "\ufeffh",
    ],
    [
      "(() => { try { new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array([255])); } catch (e) { return e.name; } })()",
      "TypeError",
    ],
    [
      "(() => { const d = new TextDecoder(); return d.decode(new Uint8Array([240, 159]), { stream: true }) + d.decode(new Uint8Array([152, 128])); })()",
      "😀",
    ],
    ["new TextDecoder('utf-16le').decode(new Uint8Array([104, 0, 105, 0]))", "hi"],
    ["new TextDecoder('latin1').decode(new Uint8Array([233]))", "é"],
    ["new TextDecoder().decode(new TextEncoder().encode('x'.repeat(1000000))).length", 1000000],
    ["new TextDecoder().decode()", ""],
    ["new TextDecoder('UTF8').encoding", "utf-8"],
  ]);
});

Deno.test("structuredClone, base64 and DOMException", async () => {
  await check([
    [
      "(() => { const a = { d: new Date(5), m: new Map([[1, new Set([2])]]) }; a.self = a; const b = structuredClone(a); return [b !== a, b.self === b, b.d.getTime(), b.m.get(1).has(2)]; })()",
      [true, true, 5, true],
    ],
    [
      "(() => { try { structuredClone(() => 1); } catch (e) { return e.name; } })()",
      "DataCloneError",
    ],
    ["btoa('hi\\xff') + atob('aGk=')", "aGn/hi"],
    [
      "(() => { try { atob('*'); } catch (e) { return [e.name, e instanceof DOMException, e.code]; } })()",
      ["InvalidCharacterError", true, 5],
    ],
  ]);
});

Deno.test("events and AbortController", async () => {
  await check([
    [
      "(() => { const t = new EventTarget(); let n = 0; t.addEventListener('x', () => n++, { once: true }); t.dispatchEvent(new Event('x')); t.dispatchEvent(new Event('x')); return n; })()",
      1,
    ],
    [
      "(() => { const c = new AbortController(); let seen; c.signal.onabort = (e) => seen = e.type; c.abort(); c.abort(); return [c.signal.aborted, c.signal.reason.name, seen, c.signal instanceof EventTarget]; })()",
      [true, "AbortError", "abort", true],
    ],
    [
      "(() => { try { AbortSignal.abort('why').throwIfAborted(); } catch (e) { return e; } })()",
      "why",
    ],
    [
      "new Promise((r) => { const s = AbortSignal.timeout(5); s.addEventListener('abort', () => r(s.reason.name)); })",
      "TimeoutError",
    ],
    [
      "(() => { const c = new AbortController(); const s = AbortSignal.any([new AbortController().signal, c.signal]); c.abort(7); return s.reason; })()",
      7,
    ],
    ["(() => { try { new AbortSignal(); } catch (e) { return e.name; } })()", "TypeError"],
  ]);
});

Deno.test("crypto gives randomness", async () => {
  await check([
    ["crypto.getRandomValues(new Uint8Array(65536)).some((n) => n > 0)", true],
    [
      "(() => { try { crypto.getRandomValues(new Uint8Array(65537)); } catch (e) { return e.name; } })()",
      "QuotaExceededError",
    ],
    [
      "(() => { try { crypto.getRandomValues(new Float32Array(1)); } catch (e) { return e.name; } })()",
      "TypeMismatchError",
    ],
    [
      "/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(crypto.randomUUID())",
      true,
    ],
    ["Array.from({ length: 1000 }, Math.random).every((n) => n >= 0 && n < 1)", true],
    [
      "Math.abs(Array.from({ length: 10000 }, Math.random).reduce((a, b) => a + b) / 10000 - 0.5) < 0.02",
      true,
    ],
    [
      "(() => { const a = crypto.getRandomValues(new BigUint64Array(4)); return typeof a[0]; })()",
      "bigint",
    ],
  ]);
});

Deno.test("the language is modern", async () => {
  await check([
    ["Object.groupBy([1, 2, 3], (n) => n % 2 ? 'odd' : 'even').odd", [1, 3]],
    ["[3, 1, 2].toSorted().concat([1].at(-1))", [1, 2, 3, 1]],
    ["'2024-05'.match(/(?<y>\\d+)-(?<m>\\d+)/).groups.m", "05"],
    ["new Function('a', 'b', 'return a + b')(2, 3)", 5],
    ["String(2n ** 64n)", "18446744073709551616"],
    [
      "(() => { class A { #x = 1; static { A.y = 2; } get x() { return this.#x; } } return new A().x + A.y; })()",
      3,
    ],
    [
      "(async () => { const out = []; for await (const x of (async function* () { yield 1; yield 2; })()) out.push(x); return out; })()",
      [1, 2],
    ],
  ]);
});

Deno.test("nothing of the host is there", async () => {
  await check([
    [
      "[typeof Deno, typeof require, typeof module, Object.keys(process.env).length]",
      [...Array(3).fill("undefined"), 0],
    ],
    [
      "import('node:fs').then(() => 'loaded')",
      "task_error: the task crashed the language engine (wasm trap: wasm `unreachable` instruction executed)",
    ],
  ]);
});

Deno.test("a Node module that is not available says so, by its name", async () => {
  const code = `import { task } from "@capsule/sdk";
    import net, { Socket } from "node:net";
    import { spawn } from "child_process";
    import * as tls from "tls";
    const attempts = [() => net.connect(80), () => new Socket(), () => spawn("sh"),
      () => tls.connect({}), () => new (class extends Socket {})(), () => net.isIP("1.1.1.1")];
    export const main = task({ name: "main" }, () => attempts.map((attempt) => {
      try { return attempt(); } catch (error) { return error.message; } }));`;
  const unavailable = (name: string, of: string) =>
    `Cannot use ${name} of "node:${of}": the module is not available in a sandbox`;
  const { result } = await run({ code, language: "typescript" });
  assertEquals(result, [
    unavailable("connect", "net"),
    unavailable("Socket", "net"),
    unavailable("spawn", "child_process"),
    unavailable("connect", "tls"),
    unavailable("Socket", "net"),
    4,
  ]);
});

Deno.test("console formats as elsewhere", async () => {
  let written = "";
  await using program = await open({
    language: "javascript",
    code: `import { task } from "@capsule/sdk";
      task({ name: "main" }, () => {
        console.log("a", 1, true, null, undefined, 5n, Symbol("s"));
        console.log("%s has %d of %j%%, %o", "x", 5, { a: 1 }, [1], "rest");
        console.log({ a: [1, "b"], m: new Map([[1, 2]]), f() {} });
        console.group("group"); console.info("in\\nside"); console.groupEnd();
        console.count(); console.count("x"); console.assert(false, "no"); console.assert(true);
        console.table([{ a: 1, b: "x" }, { a: 22 }]);
        console.error(new TypeError("wrong").message);
        console.log();
      });`,
  });
  await program.call("main", [], {
    onEvent(event) {
      if (event.type === "output") written += new TextDecoder().decode(event.data);
    },
  });
  assertEquals(
    written,
    `a 1 true null undefined 5n Symbol(s)
x has 5 of {"a":1}%, [ 1, [length]: 1 ] rest
{ a: [ 1, 'b' ], m: Map(1) { 1 => 2 }, f: [Function: f] }
group
  in
  side
default: 1
x: 1
Assertion failed: no
┌─────────┬────┬─────┐
│ (index) │ a  │ b   │
├─────────┼────┼─────┤
│ 0       │ 1  │ 'x' │
│ 1       │ 22 │     │
└─────────┴────┴─────┘
wrong

`,
  );
});

Deno.test("console shows stacks in the user's own lines", async () => {
  let shown = "";
  await using program = await open({
    language: "javascript",
    code: `import { task } from "@capsule/sdk";
task({ name: "main" }, () => {
  console.log(new Error("shown", { cause: new TypeError("deep") }));
  console.trace("here");
});`,
  });
  await program.call("main", [], {
    onEvent: (event) => {
      if (event.type === "output") shown += new TextDecoder().decode(event.data);
    },
  });
  assertStringIncludes(shown, "Error: shown\n    at <anonymous> (code.ts:3:");
  assertStringIncludes(shown, "[cause]: TypeError: deep\n      at <anonymous> (code.ts:3:");
  assertStringIncludes(shown, "Trace: here\n    at ");
  assertStringIncludes(shown, "code.ts:4:");
  assertEquals(shown.includes("<input>"), false);
});
