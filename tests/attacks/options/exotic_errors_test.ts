/** Faults of guests that no honest program has: each is an envelope, and never the host's fault. */
import { runOrThrow as run } from "../../support/support.ts";
import { assertEquals, assertRejects, assertTrue } from "../../support/assert.ts";
import "../../support/support.ts";
import { attack, type Language } from "../attack.ts";
import { CapsuleError, open } from "@capsule/sdk/runner";

/** How a guest may fail. `internal_error` is none of them. */
const TYPES = [
  ..."task_error timeout fuel_exhausted memory_limit stack_overflow output_limit".split(" "),
  ..."resource_limit task_limit task_not_found invalid_result invalid_program".split(" "),
];
/** A message or a stack, and what is said of the rest. */
const CHARACTERS_AT_MOST = 40_000;

const typescript = (body: string, top = "") =>
  `import { task } from "@capsule/sdk";
const other = task({ name: "other" }, (value) => value);
${top}
task({ name: "main", compute: "HIGH", ram: "512MB", timeout: "3s" }, async () => { ${body} });`;
const python = (body: string, top = "") =>
  `import asyncio, builtins, gc, json, os, sys
import capsule, capsule_engine
from capsule import task
from wit_world.imports import operations
from wit_world.imports.operations import Payload
@task(name="other")
def other(value): return value
${top}
@task(compute="HIGH", ram="512MB", timeout="3s")
def main():
${body.split("\n").map((line) => `    ${line}`).join("\n")}`;
const HOST = "const host = await (0, eval)('import(\"capsule:host/operations@1.0.0\")');";

/** Bodies of `main`, by what they do. They fail, unless they return. */
const TYPESCRIPT: Record<string, string> = {
  "an object without a prototype": "throw Object.create(null);",
  "a symbol": 'throw Symbol("s");',
  "a function": "throw () => {};",
  "a proxy that refuses everything":
    'const no = () => { throw new Error("trap"); }; throw new Proxy({}, new Proxy({}, { get: () => no }));',
  "a proxy of an error":
    "throw new Proxy(new Error(), { get() { throw 1; }, getPrototypeOf() { throw 2; } });",
  "getters that throw":
    "throw Object.defineProperties(new Error(), { message: { get() { throw 1; } }, stack: { get() { throw 2; } }, name: { get() { throw 3; } }, cause: { get() { throw 4; } } });",
  "a message of 100 MB": 'throw new Error("x".repeat(100 << 20));',
  "a stack of 100 MB": 'throw Object.assign(new Error("m"), { stack: "y".repeat(100 << 20) });',
  "a name of 100 MB": 'throw Object.assign(new Error("m"), { name: "z".repeat(100 << 20) });',
  "a message that is no text": "throw Object.assign(new Error(), { message: { toString: 5 } });",
  "lone surrogates":
    'throw Object.assign(new Error("\\ud800"), { stack: "\\udc00", name: "\\ud83d" });',
  "causes without end": "const e = new Error(); e.cause = e; throw e;",
  "a text of 100 MB": 'throw "t".repeat(100 << 20);',
  "an object of 100 MB": 'throw { a: "t".repeat(100 << 20) };',
  "what is no instance of anything":
    "Object.defineProperty(Error, Symbol.hasInstance, { value() { throw 1; } }); throw new Error();",
  "a raw import that is not there": "await (0, eval)('import(\"fs\")');",
  "a raw import of nothing": "await (0, eval)('import({ toString() { throw 1; } })');",
  "an operation that takes no text": `${HOST} host.start({}, 5);`,
  "an operation without a request": `${HOST} host.start("http");`,
  "a handle that is none": `${HOST} host.wait(-1, null);`,
  "a handle that is closed twice":
    `${HOST} host.cancel(1); host.cancel(1); host.cancel(2 ** 32); host.wait(1, null);`,
  "a descriptor that is none": `${HOST} host.write(7, new Uint8Array(1));`,
  "too many random bytes": `${HOST} host.random(2 ** 32 - 1);`,
  "an output of 200 MB at once": `${HOST} host.write(1, new Uint8Array(200 << 20));`,
  "JSON without end":
    "const a = []; let b = a; for (let i = 0; i < 1e6; i++) b.push(b = []); return a;",
  "a toJSON that recurs": "const a = { toJSON: () => [a] }; return a;",
  "a getter that recurs": "const a = { get b() { return a.b; } }; return a;",
  "a circular result": "const a = {}; a.a = a; return a;",
  "a result that is a proxy":
    "return new Proxy({}, { ownKeys() { throw 1; }, get() { throw 2; }, getPrototypeOf() { throw 3; } });",
  "a bigint below a key of 1 MB": 'return { ["k".repeat(1 << 20)]: 1n };',
  "an iterator without end": "return [...(function* () { for (;;) yield 1; })()];",
  "JSON.stringify replaced":
    'JSON.stringify = () => "{"; JSON.parse = () => 5; return JSON.parse("{}").x.y;',
  "Promise replaced":
    "Promise.prototype.then = () => { throw 1; }; globalThis.Promise = undefined; await new Error();",
  "a then that never ends": "return { then() {} };",
  "a then that throws": "return { get then() { throw new Error('then'); } };",
  "Array.prototype replaced":
    "Array.prototype[Symbol.iterator] = () => { throw 1; }; Array.prototype.map = null; return other(1);",
  "every prototype emptied":
    "for (const of of [Object, Array, String, Function, Promise, Map, Set, Error]) for (const name of Object.getOwnPropertyNames(of.prototype)) try { delete of.prototype[name]; } catch {} throw new Error('x');",
  "the engine's importer replaced":
    "Object.defineProperty(globalThis, Symbol.for('capsule.import'), { value: 1 });",
  "an exit with a status that is none": 'process.exit({ toString() { throw new Error("x"); } });',
  "an exit with NaN": 'process.exit("text");',
  "an exit with 2 ** 40": "process.exit(2 ** 40);",
  "an exit inside of an exit": 'process.on("exit", () => process.exit(3)); process.exit(4);',
  "an exit in a timer": "setTimeout(() => process.exit(5), 1); await new Promise(() => {});",
  "an exit in a getter of the result": "return { get a() { process.exit(6); } };",
  "a throw in an exit listener":
    'process.on("exit", () => { throw new Error("x"); }); process.exit(0);',
  "a task that is not there":
    `${HOST} const h = host.start("call", { json: '{"task":"' + "n".repeat(1 << 20) + '","input":{"args":[]}}', bytes: new Uint8Array(0) });
    const { json } = host.wait(h, null); if (json.length > 10_000) throw new Error("long"); throw new Error(json);`,
  "a request with a method of 1 MB":
    `${HOST} const h = host.start("http", { json: JSON.stringify({ method: "M".repeat(1 << 20) + " ", url: "http://example.com" }), bytes: new Uint8Array(0) });
    const { json } = host.wait(h, null); if (json.length > 10_000) throw new Error("long"); throw new Error(json);`,
  "an operation of 1 MB":
    `${HOST} const h = host.start("file", { json: JSON.stringify({ do: "x".repeat(1 << 20) }), bytes: new Uint8Array(0) });
    const { json } = host.wait(h, null); if (json.length > 10_000) throw new Error("long"); throw new Error(json);`,
  "regular expressions without end": 'return /^(a|a)*$/.test("a".repeat(40) + "b");',
  "recursion without end": "(function f() { return f() + 1; })();",
  "memory without end": "const all = []; for (;;) all.push(new Uint8Array(1 << 20).fill(1));",
  "an arguments list without end": "Math.max(...new Array(1e8));",
  "timers that throw":
    "setTimeout(() => { throw Object.create(null); }); await new Promise((r) => setTimeout(r, 20)); throw 1;",
};
const PYTHON: Record<string, string> = {
  "an exception whose text raises":
    'class E(Exception):\n    def __str__(self): raise ValueError("x")\n    __repr__ = __str__\nraise E()',
  "an exception whose text is no text":
    "class E(Exception):\n    def __str__(self): return 5\nraise E()",
  "an exception whose text exits":
    "class E(Exception):\n    def __str__(self): sys.exit(3)\nraise E()",
  "an exception that is of every class":
    'class E(Exception):\n    @property\n    def __class__(self): raise ValueError("x")\nraise E()',
  "an exception with a metaclass that raises":
    'class M(type):\n    def __getattribute__(self, name): raise ValueError("x")\nclass E(Exception, metaclass=M): pass\nraise E()',
  "an exception whose notes raise":
    'class E(Exception):\n    @property\n    def __notes__(self): raise ValueError("x")\nraise E("m")',
  "a message of 100 MB": 'raise ValueError("x" * (100 << 20))',
  "a class with a name of 10 MB": 'raise type("E" * (10 << 20), (Exception,), {})("m")',
  "lone surrogates": 'raise ValueError("\\ud800")',
  "a chain without end": "e = ValueError(1)\ne.__cause__ = e\nraise e",
  "a group of many": "raise ExceptionGroup('g', [ValueError('v' * 1000) for _ in range(10_000)])",
  "groups nested deeply":
    "e = ValueError(1)\nfor _ in range(3000): e = ExceptionGroup('g', [e])\nraise e",
  "json.dumps replaced": 'json.dumps = None\njson.loads = None\nother(1)\nraise ValueError("m")',
  "the engine's own dumps replaced":
    'import capsule_engine.failure as f, capsule_engine.serialize as s\nf.dumps = s.dumps = lambda *a, **k: "{"\nraise ValueError("m")',
  "the engine's own dumps raises":
    'import capsule_engine.failure as f, capsule_engine.serialize as s\ndef no(*a, **k): raise KeyboardInterrupt\nf.dumps = s.dumps = no\nraise ValueError("m")',
  "no modules any more": "sys.modules.clear()\nimport nothing",
  "no builtins any more": "vars(builtins).clear()\nraise ValueError('x')",
  "traceback replaced": "import traceback\nvars(traceback).clear()\nraise ValueError('x')",
  "an exit in the middle": "os._exit(7)",
  "an exit with a text": 'sys.exit("no" * 1_000_000)',
  "an exit whose code raises":
    'class C:\n    def __eq__(self, other): raise ValueError("x")\n    __hash__ = None\nsys.exit(C())',
  "an abort": "os.abort()",
  "a signal": "import signal\nos.kill(os.getpid(), signal.SIGKILL)",
  "an event loop that closes itself":
    "async def go():\n    asyncio.get_running_loop().close()\n    await asyncio.sleep(1)\nasyncio.run(go())",
  "an event loop that stops itself":
    "async def go():\n    asyncio.get_running_loop().stop()\n    await asyncio.sleep(1)\nasyncio.run(go())",
  "a selector of its own":
    "async def go():\n    asyncio.get_running_loop()._selector = None\n    await asyncio.sleep(1)\nasyncio.run(go())",
  "a handle that is none": "operations.wait(2**32 - 1, None)",
  "a handle that is no number": 'operations.wait("x", None)',
  "a handle that is closed twice":
    "operations.cancel(1)\noperations.cancel(1)\noperations.wait(1, None)",
  "an operation that takes no text": "operations.start(5, 6)",
  "an operation with lone surrogates": 'operations.start("\\ud800", Payload("\\ud800", b""))',
  "too many random bytes": "operations.random(2**32 - 1)",
  "a descriptor that is none": "operations.write(9, b'x')",
  "an output of 200 MB at once": "operations.write(1, bytes(200 << 20))",
  "JSON without end":
    "a = b = []\nfor _ in range(100_000):\n    b.append([])\n    b = b[0]\nreturn a",
  "a circular result": "a = []\na.append(a)\nreturn a",
  "a result with a key of 1 MB": 'return {"k" * (1 << 20): object()}',
  "a result whose class raises":
    "class D(dict):\n    def items(self): raise KeyboardInterrupt\nreturn D(a=1)",
  "an awaitable that yields junk": "class A:\n    def __await__(self): yield 5\nreturn A()",
  "an awaitable without end":
    "class A:\n    def __await__(self):\n        while True: yield\nreturn A()",
  "recursion without end": "def f(): return f() + 1\nsys.setrecursionlimit(10**9)\nreturn f()",
  "a deep recursion of C": "a = []\nfor _ in range(10**6): a = [a]\nreturn repr(a)",
  "memory without end": "a = []\nwhile True: a.append(bytes(1 << 20))",
  "a generator as result": "return (n for n in range(5))",
  "code objects of its own":
    "import types\nc = (lambda: 0).__code__\nexec(c.replace(co_code=bytes([255, 255] * 100), co_stacksize=1))",
  "a frame that is cleared":
    "import gc\nfor o in gc.get_objects():\n    if isinstance(o, list): o.clear()\nraise ValueError('x')",
  "interrupts": "raise KeyboardInterrupt",
  "a generator exit": "raise GeneratorExit",
};
/** Top-level code has a minute for these. */
const LONG = /without end|\d00 MB|recur/;

function check(name: string, type: string, message: string, stack = ""): void {
  const told = `${name}: ${type} ${message.length} ${message.slice(0, 300)}`;
  assertTrue(TYPES.includes(type), told);
  assertTrue(message.length < CHARACTERS_AT_MOST, told);
  assertTrue(stack.length < CHARACTERS_AT_MOST, `${name}: a stack of ${stack.length}`);
}

const suites: [Language, Record<string, string>, (body: string, top?: string) => string][] = [
  ["typescript", TYPESCRIPT, typescript],
  ["python", PYTHON, python],
];
for (const [language, bodies, program] of suites) {
  Deno.test(`${language}: whatever a task throws or breaks is its own fault`, async () => {
    for (const [name, body] of Object.entries(bodies)) {
      const { error, result } = await run({ language, code: program(body) });
      assertTrue(error !== null, `${name} gave ${JSON.stringify(result)}`);
      check(name, error!.error_type, error!.message, error!.stack);
    }
  });

  Deno.test(`${language}: whatever top-level code throws or breaks is its own fault`, async () => {
    for (const [name, body] of Object.entries(bodies)) {
      if (LONG.test(name) || body.includes("return ") && language === "typescript") continue;
      const code = language === "typescript"
        ? `${body}\n${program("return 1;")}`
        : program("return 1", `def attack():\n${body.replaceAll(/^/gm, "    ")}\nattack()`);
      try {
        await using loaded = await open({ language, code });
        const { error } = await loaded.call("main");
        if (error) check(name, error.error_type, error.message, error.stack);
      } catch (error) {
        if (!(error instanceof CapsuleError)) throw error;
        const codes = ["invalid_program"];
        assertTrue(
          codes.includes(error.code),
          `${name}: ${error.code}: ${error.message.slice(0, 300)}`,
        );
        assertTrue(error.message.length < CHARACTERS_AT_MOST, `${name}: ${error.message.length}`);
      }
    }
  });
}

Deno.test("a long message is cut between characters, and says how much is missing", async () => {
  for (
    const [language, throws] of [
      ["typescript", 'throw new Error("\u{1f600}".repeat(1 << 20));'],
      ["python", 'raise ValueError("\u{1f600}" * (1 << 20))'],
    ] as const
  ) {
    const program = language === "typescript" ? typescript : python;
    const { error } = await attack({ language, code: program(throws) });
    assertTrue(
      /\u{1f600}… \(\d+ characters more\)$/u.test(error!.message),
      error!.message.slice(-60),
    );
    assertEquals(error!.message.isWellFormed(), true);
  }
});

Deno.test("what an error repeats of the options of a task is short", async () => {
  const long = '"x" * 300_000';
  const options = [
    ...["compute", "ram", "timeout", "name"].map((name) => `${name}=${long}`),
    `**{${long}: 1}`,
    `allowed_files=[${long}]`,
    `allowed_files=["x/" * 300_000]`,
    `allowed_files=[{"path": ".", "mode": ${long}}]`,
    `allowed_files=[{"path": ".", ${long}: 1}]`,
    `allowed_hosts=["/" + ${long}]`,
    `env_variables=["-" + ${long}]`,
  ];
  for (const option of options) {
    const code = `from capsule import task\n@task(${option})\ndef main(): return 1`;
    const error = await assertRejects(() => open({ language: "python", code }), CapsuleError);
    assertEquals([error.code, error.message.length < 1_000], ["invalid_program", true], option);
  }
});
