/**
 * What Node and a sandbox print of the same values: `inspect_test.ts` runs this file in both. Stacks are of the file's
 * own, as no two engines make the same.
 */
import util from "node:util";
class Foo {
  constructor() {
    this.a = 1;
  }
}
class Bar extends Foo {
  #x = 1;
  get y() {
    return 1;
  }
  static s = 1;
}
const circular = { name: "c", list: [] };
circular.self = circular;
circular.list.push(circular, { circular });
const sparse = [1, , , 4];
sparse.extra = "x";
const nul = Object.assign(Object.create(null), { a: 1 });
const cases = {
  primitives: () => console.log("a", 1, -0, true, null, undefined, 5n, Symbol("s"), 1e21, NaN),
  strings: () =>
    console.log(["a", "it's", "a\nb", "\u0000\x7f", "both ' and \"", "\ud800", "all ' \" `"]),
  object: () => console.log({ a: 1, "b-c": 2, 3: 4, [Symbol("k")]: 5, [Symbol.iterator]: 6 }),
  nested: () => console.log({ a: { b: { c: { d: 1 } } }, l: [[[[1]]]] }),
  map: () => console.log(new Map([[1, { a: 1 }], ["k", new Map([[{}, []]])]])),
  set: () => console.log(new Set([1, "a", [1], new Set()])),
  iterators: () =>
    console.log(
      [1].values(),
      new Map([[1, 2]]).entries(),
      new Set([1]).values(),
      new Map([[1, 2]]).keys(),
    ),
  typed: () =>
    console.log(
      new Uint8Array(3),
      new Float64Array([1.5, -0]),
      new BigInt64Array(2),
      new Uint8Array(0),
    ),
  buffers: () =>
    console.log(
      new ArrayBuffer(4),
      new DataView(new ArrayBuffer(2)),
      Buffer.from("hello"),
      Buffer.alloc(60),
    ),
  date: () => console.log(new Date(0), new Date(NaN), { d: new Date(1e12) }),
  regexp: () => console.log(/a\/b/giu, [/x/]),
  functions: () =>
    console.log(
      function f() {},
      () => {},
      async () => {},
      function* g() {},
      async function* h() {},
      Foo,
      Bar,
      class {},
      Math.max,
      Object.assign(function q() {}, { a: 1 }),
    ),
  classes: () =>
    console.log(
      new Foo(),
      new Bar(),
      new (class extends Map {})([[1, 2]]),
      new (class Sub extends Array {})(1, 2, 3),
      new (class {})(),
    ),
  tagged: () =>
    console.log(
      { [Symbol.toStringTag]: "T" },
      new (class A {
        get [Symbol.toStringTag]() {
          return "B";
        }
      })(),
    ),
  promise: () =>
    console.log(Promise.resolve(4), new Promise(() => {}), { p: Promise.resolve({ a: 1 }) }),
  rejected: () => {
    const p = Promise.reject(3);
    p.catch(() => {});
    console.log(p);
  },
  sparse: () => console.log(sparse, new Array(5), [undefined, , null]),
  many: () => console.log(Array.from({ length: 150 }, (_, i) => i)),
  manyStrings: () => console.log(Array.from({ length: 30 }, (_, i) => "item " + i)),
  manyObjects: () => console.log(Array.from({ length: 10 }, (_, i) => ({ i, name: "n" + i }))),
  manySet: () => console.log(new Set(Array.from({ length: 120 }, (_, i) => i))),
  manyKeys: () =>
    console.log(Object.fromEntries(Array.from({ length: 30 }, (_, i) => ["k" + i, i]))),
  longLine: () =>
    console.log({
      aaaaaaaaaaaaaaaaaaaa: "bbbbbbbbbbbbbbbbbbbbbbbb",
      cccccccccccccccccccc: "dddddddddddddddddddd",
      e: 1,
    }),
  fits72: () => console.log({ a: "x".repeat(60), b: 1 }, { a: "x".repeat(61), b: 12345 }),
  longString: () => console.log(["x".repeat(100)], { t: "line one\nline two\nline three" }),
  veryLong: () => console.log(["y".repeat(10100)]),
  getters: () =>
    console.log({
      get a() {
        return 1;
      },
      set b(_) {/* nothing */},
      get c() {
        return 1;
      },
      set c(_) {/* nothing */},
    }),
  gettersShown: () =>
    console.log(util.inspect({
      get a() {
        return 1;
      },
      set b(_) {/* nothing */},
      get c() {
        return { x: 1 };
      },
      set c(_) {/* nothing */},
    }, { getters: true })),
  nullProto: () =>
    console.log(
      nul,
      Object.create({}),
      Object.create(Foo.prototype),
      Object.setPrototypeOf([1], null),
    ),
  circular: () => console.log(circular),
  circularMap: () => {
    const m = new Map();
    m.set("m", m);
    console.log(m);
  },
  proxy: () =>
    console.log(new Proxy({ a: 1 }, {}), new Proxy([1, 2], {}), new Proxy(function f() {}, {})),
  showProxy: () =>
    console.log(util.inspect(
      new Proxy({ a: 1 }, {
        get() {
          return 7;
        },
      }),
      { showProxy: true },
    )),
  proxyTraps: () => {
    const seen = [];
    const p = new Proxy({ a: 1 }, {
      get(t, k) {
        seen.push(k);
        return t[k];
      },
      ownKeys(t) {
        seen.push("own");
        return Reflect.ownKeys(t);
      },
    });
    util.inspect(p);
    console.log(seen.length);
  },
  boxed: () => console.log(Object(1), Object("s"), Object(true), Object(1n), Object(Symbol("b"))),
  symbols: () => console.log(Symbol(), [Symbol("a")], Symbol("a b")),
  weak: () => console.log(new WeakMap(), new WeakSet(), new WeakRef({ a: 1 })),
  args: () =>
    (function () {
      console.log(arguments);
    })(1, 2),
  custom: () =>
    console.log({
      [util.inspect.custom](depth, options, inspect) {
        return `C<${depth} ${typeof options.stylize} ${inspect === util.inspect}>`;
      },
    }, [{ [util.inspect.custom]: () => ({ x: 1 }) }]),
  customDepth: () =>
    console.log({
      a: {
        b: {
          [util.inspect.custom](_, options) {
            return util.inspect({ p: { q: { r: {} } } }, options);
          },
        },
      },
    }),
  errorMessage: () => {
    const e = new TypeError("bad");
    e.stack = "TypeError: bad\n    at x (file:1:1)";
    console.log(e);
    console.log([e]);
    console.log({ e });
  },
  errorProps: () => {
    const e = new RangeError("bad");
    e.stack = "RangeError: bad\n    at x";
    e.code = "E_X";
    e.info = { a: 1 };
    console.log(e);
  },
  errorCause: () => {
    const e = new Error("outer", { cause: new TypeError("inner") });
    e.stack = "Error: outer\n    at x";
    e.cause.stack = "TypeError: inner\n    at y";
    console.log(e);
  },
  errorCauseValue: () => {
    const e = new Error("outer", { cause: { code: 1 } });
    e.stack = "Error: outer\n    at x";
    console.log(e);
  },
  errorAggregate: () => {
    const e = new AggregateError([new Error("a")], "many");
    e.stack = "AggregateError: many\n    at x";
    e.errors[0].stack = "Error: a\n    at y";
    console.log(e);
  },
  errorNoStack: () => {
    const e = new Error("plain");
    Object.defineProperty(e, "stack", { value: undefined });
    console.log(e);
  },
  errorName: () => {
    const e = new Error("m");
    e.name = "Custom";
    e.stack = "Error: m\n    at x";
    console.log(e);
    class MyError extends Error {}
    const f = new MyError("z");
    f.stack = "Error: z\n    at x";
    console.log(f);
  },
  errorDepth: () => {
    const e = new Error("m");
    e.stack = "Error: m\n    at x";
    console.log({ a: { b: { c: { e } } } });
  },
  formats: () =>
    console.log("%s|%s|%s|%s|%s|%s", "a", 1, -0, 5n, Symbol("x"), { a: { b: { c: 1 } } }),
  formats2: () => console.log("%s|%s|%s|%s", () => 1, class {}.name, new Date(0), [1, [2, [3]]]),
  formats3: () => console.log("%d|%d|%d|%d|%d|%d", 1.5, "2", 5n, {}, Symbol("x"), "x"),
  formats4: () => console.log("%i|%i|%i|%f|%f|%f", 1.5, "2.7px", 5n, "1.5x", Symbol("a"), {}),
  formats5: () => console.log("%j|%j|%j", { a: [1] }, undefined, circular),
  formats6: () => console.log("%o", { a: { b: { c: { d: { e: 1 } } } }, f() {} }),
  formats7: () => console.log("%O", { a: { b: { c: { d: { e: { f: 1 } } } } } }),
  formats8: () => console.log("%c styled %c", "color: red", "", "rest", { a: 1 }),
  formats9: () => console.log("%% %s", "a", "100%", "%s"),
  formats10: () => console.log("%s %x %", "a"),
  formats11: () => console.log("%s"),
  formats12: () =>
    console.log("%s %s", new Foo(), Object.assign(new Foo(), { toString: () => "own" }), "%d"),
  formats13: () => console.log(1, "%s", "a"),
  formatFn: () =>
    console.log(
      util.format("%s:%d", "a", 1, { b: 2 }),
      util.format(),
      util.format("a", "b", { c: "d" }),
    ),
  formatOptions: () =>
    console.log(util.formatWithOptions({ colors: true }, "%O %s", { a: 1, b: "x" }, "s")),
  colors: () =>
    console.log(
      util.inspect({
        a: 1,
        b: "s",
        c: null,
        d: undefined,
        e: Symbol("x"),
        f: /x/,
        g: new Date(0),
        h: true,
        i: 1n,
        j() {},
      }, { colors: true }),
    ),
  styleText: () =>
    console.log(
      util.styleText("red", "x", { validateStream: false }),
      util.styleText(["bold", "underline"], "y", { validateStream: false }),
    ),
  options: () =>
    console.log(
      util.inspect({ b: { c: { d: {} } }, a: [1, 2, 3] }, { depth: 0 }),
      util.inspect({ b: 1, a: 2 }, { sorted: true }),
      util.inspect({ a: { b: 1 } }, { compact: false }),
      util.inspect([1, 2, 3], { maxArrayLength: 1 }),
      util.inspect("abc", { maxStringLength: 1 }),
      util.inspect({ n: 123456789.123 }, { numericSeparator: true }),
      util.inspect({ a: 1, b: 2 }, { breakLength: 3 }),
    ),
  showHidden: () =>
    console.log(
      util.inspect([1], { showHidden: true }),
      util.inspect(new Map([[1, 2]]), { showHidden: true }),
      util.inspect(Object.defineProperty({}, "h", { value: 1 }), { showHidden: true }),
    ),
  defaults: () => console.log(util.inspect.defaultOptions),
  table: () => console.table([{ a: 1, b: "x" }, { a: 22, c: true }]),
  tablePrimitive: () => console.table([1, "a", [1, 2]]),
  tableColumns: () => console.table([{ a: 1, b: 2 }, { a: 3, b: 4 }], ["b"]),
  tableObject: () => console.table({ r1: { x: 1 }, r2: { x: { y: 1 } } }),
  tableMap: () => console.table(new Map([["a", 1], ["b", { c: 2 }]])),
  tableSet: () => console.table(new Set([1, "b"])),
  tableIterator: () => console.table(new Map([["a", 1]]).entries()),
  tableWide: () => console.table([{ 名: "全角", e: "é" }]),
  tableOther: () => {
    console.table(5);
    console.table("s");
    console.table(null);
    console.table([]);
    console.table(undefined);
  },
  dir: () => {
    console.dir({ a: { b: { c: { d: 1 } } } });
    console.dir({ a: { b: { c: { d: 1 } } } }, { depth: 0 });
    console.dir("s");
    console.dir({ a: 1 }, { colors: true });
    console.dir({ [util.inspect.custom]: () => "no" });
  },
  dirxml: () => console.dirxml({ a: 1 }, [2]),
  group: () => {
    console.group("one");
    console.log("in\nside");
    console.group();
    console.log({ a: "x".repeat(40), b: "y".repeat(30) });
    console.groupEnd();
    console.groupEnd();
    console.groupEnd();
    console.groupCollapsed("c");
    console.table([1]);
    console.groupEnd();
    console.log("out");
  },
  count: () => {
    console.count();
    console.count("x");
    console.count();
    console.countReset();
    console.count();
    console.count({});
  },
  assert: () => {
    console.assert(true, "no");
    console.assert(false);
    console.assert(false, "why %s", "so");
    console.assert(false, { a: 1 });
    console.assert(0, "a", 1);
  },
  empty: () => {
    console.log();
    console.log("");
    console.log([], {}, new Map(), new Set(), [[]], [{}]);
  },
  error: () => console.error("to %s", "stderr", { a: 1 }),
  warn: () => console.warn({ w: [1, 2] }),
  global: () => console.log(Math, JSON, Reflect),
  web: () => console.log(new URL("http://a.test/b?c=1#d"), new URLSearchParams("a=1&b=2")),
  web2: () =>
    console.log(
      new Headers({ a: "b" }),
      new TextEncoder().encode("ab"),
      new AbortController().signal.aborted,
    ),
  generator: () => console.log((function* () {})(), (async function* () {})()),
  bigArray: () => console.log(Array.from({ length: 101 }, (_, i) => i % 2 ? "a" + i : "bb")),
  numbers: () => console.log(Array.from({ length: 30 }, (_, i) => i * 1000.5)),
  negative: () => console.log([-1, 22, -333, 4, 5, 6, 7, 8]),
  mixed: () => console.log([1, "two", null, undefined, true, 3n, 4.5, "eight"]),
  wide: () => console.log(["全角文字", "ab", "全角文字", "ab", "全角文字", "ab", "全角文字"]),
  keys: () => console.log({ "": 1, a1: 2, "1a": 3, "__proto__x": 4, $: 5, "é": 6, "a\nb": 7 }),
  deepArray: () => console.log([[[[[[1]]]]]], { a: [{ b: [{ c: 1 }] }] }),
  accessorArray: () =>
    console.log([1, 2, Object.defineProperty({}, "x", { enumerable: true, get: () => 1 })]),
  module: () =>
    console.log(
      util.inspect(new (class Null extends Object {})()),
      Object.create(class X {}.prototype),
    ),
  errorHead: () => console.log(util.inspect(new Error("x")).split("\n")[0]),
  subclassProto: () => {
    function Old() {
      this.v = 1;
    }
    Old.prototype = { custom: 1 };
    console.log(new Old());
    function Old2() {}
    console.log(new Old2());
    const o = Object.create(null);
    const p = Object.create(o);
    p.a = 1;
    console.log(p);
  },
  toStringTagOnly: () =>
    console.log(Object.defineProperty({}, Symbol.toStringTag, { value: "Hidden" })),
  revoked: () => {
    const r = Proxy.revocable({}, {});
    r.revoke();
    console.log(r.proxy);
  },
  newConsole: () => {
    const c = new console.Console({
      stdout: process.stdout,
      stderr: process.stderr,
      inspectOptions: { depth: 0 },
      groupIndentation: 4,
    });
    c.group("g");
    c.log({ a: { b: 1 } }, "x\ny");
    c.error({ a: { b: 1 } });
  },
  colorMode: () =>
    new console.Console({ stdout: process.stdout, colorMode: true }).log({ a: 1 }, "s"),
  bufferLong: () => console.log(Buffer.alloc(51), [Buffer.from("ab")], Buffer.alloc(0)),
  names: () =>
    console.log(
      util.inspect,
      util.format,
      URLSearchParams,
      Headers,
      AbortController,
    ),
  subURL: () =>
    console.log(
      { u: { v: new URLSearchParams("a=b"), w: { x: { y: new URL("http://h/") } } } },
      new URLSearchParams(`a=${"x".repeat(90)}&b=2`),
      new URLSearchParams(),
    ),
  entries: () =>
    console.log(Object.entries({ a: 1, b: { c: 2 } }), structuredClone({ a: new Date(0) })),
};
for (const [name, run] of Object.entries(cases)) {
  console.log("== " + name);
  console.error("== " + name);
  try {
    run();
  } catch (error) {
    console.log(`threw ${error.name}: ${error.message}`);
  }
}
