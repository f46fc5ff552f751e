/** Node's built-in modules, with and without `node:`. */
import { assertEquals, assertMatch, assertTrue } from "../support/assert.ts";
import { project, runOrThrow as run } from "../support/support.ts";
import { open } from "@capsule/sdk/runner";

/** Runs the body of a task, and gives what it returns. */
async function inTask(imports: string, body: string, options = ""): Promise<unknown> {
  const code = `import { task } from "@capsule/sdk";
    ${imports}
    export const main = task({ name: "main", compute: "HIGH"${options} }, async () => { ${body} });`;
  const { result, error } = await run({ code, language: "typescript" });
  assertEquals(error, null, `${error?.message}\n${error?.stack}`);
  return result;
}

Deno.test("fs reads and writes in granted folders, as everywhere", async () => {
  using folder = project({ "data/a.txt": "hello", "data/sub/b.json": '{"b":1}', "ro/c.txt": "c" });
  folder.write(
    "main.ts",
    `import { task } from "@capsule/sdk";
    import fs, { readFileSync, promises } from "node:fs";
    import * as fsp from "fs/promises";
    import path from "path";
    import { pipeline } from "node:stream/promises";
    import { createGzip, gunzipSync } from "zlib";
    const code = (body) => { try { return body(); } catch (error) { return [error.code, error.syscall]; } };
    task({ name: "main", allowedFiles: ["./data", { path: "ro", mode: "ro" }] }, async () => {
      const out = {};
      out.read = [readFileSync("data/a.txt", "utf8"), readFileSync("./data/a.txt").toString("hex"),
        fs.readFileSync("/data/a.txt", { encoding: "base64" }), await promises.readFile("data/a.txt", "utf8")];
      out.url = fs.readFileSync(new URL("file:///data/a.txt"), "utf8");
      fs.writeFileSync("data/w.txt", "one");
      fs.appendFileSync("data/w.txt", " two");
      await fsp.appendFile("data/w.txt", Buffer.from(" three"));
      out.written = readFileSync("data/w.txt", "utf8");
      fs.mkdirSync("data/x/y/z", { recursive: true });
      await fsp.writeFile("data/x/y/z/f", "f");
      out.list = [fs.readdirSync("data"), (await fsp.readdir("data/x", { recursive: true })),
        fs.readdirSync("data/sub", { withFileTypes: true }).map((e) => [e.name, e.isFile(), e.parentPath])];
      out.stat = ((s) => [s.size, s.isFile(), s.isDirectory(), s.mtime instanceof Date])(fs.statSync("data/a.txt"));
      out.exists = [fs.existsSync("data/a.txt"), fs.existsSync("data/nope"), fs.existsSync("/etc/passwd")];
      fs.renameSync("data/w.txt", "data/v.txt"); fs.copyFileSync("data/v.txt", "data/x/copy.txt");
      fs.cpSync("data/x", "data/x2", { recursive: true });
      out.copied = readFileSync("data/x2/copy.txt", "utf8");
      fs.rmSync("data/x", { recursive: true }); fs.rmSync("data/x2", { recursive: true, force: true });
      fs.unlinkSync("data/v.txt"); fs.rmSync("data/nope", { force: true });
      const fd = fs.openSync("data/r.bin", "w+");
      fs.writeSync(fd, Buffer.from([1, 2, 3, 4])); fs.writeSync(fd, Buffer.from([9]), 0, 1, 1);
      const buffer = Buffer.alloc(4); out.fd = [fs.readSync(fd, buffer, 0, 4, 0), [...buffer], fs.fstatSync(fd).size];
      fs.ftruncateSync(fd, 2); fs.closeSync(fd); out.truncated = fs.statSync("data/r.bin").size;
      fs.utimesSync("data/r.bin", 1000, 2000); out.times = fs.statSync("data/r.bin").mtimeMs;
      fs.symlinkSync("a.txt", "data/link");
      out.link = [fs.readlinkSync("data/link"), fs.lstatSync("data/link").isSymbolicLink(),
        readFileSync("data/link", "utf8"), fs.realpathSync("data/link")];
      out.temporary = fs.mkdtempSync("data/tmp-").length;
      await pipeline(fs.createReadStream("data/a.txt"), createGzip(), fs.createWriteStream("data/a.gz"));
      out.piped = gunzipSync(readFileSync("data/a.gz")).toString();
      const parts = []; for await (const part of fs.createReadStream("data/a.txt", { start: 1, end: 3, encoding: "utf8" })) parts.push(part);
      out.part = parts.join("");
      const handle = await fsp.open("data/a.txt"); out.handle = (await handle.readFile()).toString(); await handle.close();
      out.callback = await new Promise((resolve) => fs.readFile("data/a.txt", "utf8", (error, text) => resolve([error, text])));
      out.missing = await fsp.readFile("data/nope").catch((error) => [error.code, error.message]);
      out.errors = [code(() => readFileSync("/etc/passwd")), code(() => readFileSync("data/../../etc/passwd")),
        code(() => readFileSync("data")), code(() => fs.readdirSync("data/a.txt")), code(() => fs.mkdirSync("data")),
        code(() => fs.writeFileSync("ro/c.txt", "x")), code(() => fs.unlinkSync("ro/c.txt")),
        code(() => fs.openSync("ro/c.txt", "r+")), code(() => fs.writeFileSync("elsewhere", "x")),
        code(() => fs.rmdirSync("data/sub")), code(() => fs.readFileSync("a\\0b"))];
      out.root = fs.readdirSync("/"); out.cwd = [process.cwd(), path.resolve("data")];
      out.glob = fs.globSync("data/**/*.json");
      return out;
    });`,
  );
  const { result, error } = await run({ file: "main.ts", cwd: folder.path });
  assertEquals(error, null, error?.stack);
  assertEquals(result, {
    read: ["hello", "68656c6c6f", "aGVsbG8=", "hello"],
    url: "hello",
    written: "one two three",
    list: [
      ["a.txt", "sub", "w.txt", "x"],
      ["y", "y/z", "y/z/f"],
      [["b.json", true, "data/sub"]],
    ],
    stat: [5, true, false, true],
    exists: [true, false, false],
    copied: "one two three",
    fd: [4, [1, 9, 3, 4], 4],
    truncated: 2,
    times: 2_000_000,
    link: ["a.txt", true, "hello", "/data/a.txt"],
    temporary: 15,
    piped: "hello",
    part: "ell",
    handle: "hello",
    callback: [null, "hello"],
    missing: ["ENOENT", "ENOENT: no such file or directory, open 'data/nope'"],
    errors: [
      ["ENOENT", "open"],
      ["ENOENT", "open"],
      ["EISDIR", "read"],
      ["ENOTDIR", "scandir"],
      ["EEXIST", "mkdir"],
      ["EROFS", "open"],
      ["EROFS", "unlink"],
      ["EROFS", "open"],
      ["ENOENT", "open"],
      ["ENOTEMPTY", "rmdir"],
      ["ERR_INVALID_ARG_VALUE", null],
    ],
    root: ["data", "ro"],
    cwd: ["/", "/data"],
    glob: ["data/sub/b.json"],
  });
  assertEquals(folder.read("ro/c.txt"), "c");
});

Deno.test("path, url, querystring, string_decoder and punycode", async () => {
  assertEquals(
    await inTask(
      `import path from "node:path"; import * as posix from "path/posix";
      import url, { fileURLToPath, URLSearchParams as Params } from "node:url";
      import { parse, stringify } from "querystring"; import { StringDecoder } from "node:string_decoder";
      import punycode from "punycode";`,
      `const decoder = new StringDecoder("utf8");
      return [path.join("/a", "../b", "c.txt"), path.extname("x.tar.gz"), path.relative("/a/b", "/a/c"),
        posix.basename("/x/y.z", ".z"), path.parse("/h/f.txt").name, path.win32.join("a", "b"),
        url.parse("http://u:p@h.com:80/p?q=1#f", true).query.q, url.resolve("http://a.com/b/c", "../d"),
        url.format({ protocol: "https", host: "x.com", pathname: "/y", query: { a: 1 } }),
        fileURLToPath("file:///a%20b"), url.pathToFileURL("/a b").href, new Params("a=1").get("a"),
        parse("a=1&a=2&b=%20"), stringify({ a: [1, 2], b: "c d" }),
        decoder.write(Buffer.from([0xe2, 0x82])) + decoder.end(Buffer.from([0xac])), punycode.encode("mañana")];`,
    ),
    [
      "/b/c.txt",
      ".gz",
      "../c",
      "y",
      "f",
      "a\\b",
      "1",
      "http://a.com/d",
      "https://x.com/y?a=1",
      "/a b",
      "file:///a%20b",
      "1",
      { a: ["1", "2"], b: " " },
      "a=1&a=2&b=c%20d",
      "€",
      "maana-pta",
    ],
  );
});

Deno.test("buffer, util, assert and events", async () => {
  assertEquals(
    await inTask(
      `import { Buffer as B, Blob as BufferBlob, isUtf8, constants } from "node:buffer"; import util from "util";
      import assert, { strict } from "assert"; import { EventEmitter, once, on } from "node:events";
      import Emitter from "events";`,
      `const thrown = (body) => { try { body(); } catch (error) { return [error.name, error.code]; } };
      function Old() { Emitter.call(this); }
      util.inherits(Old, Emitter);
      const emitter = new Old(); const seen = [];
      emitter.on("x", (value) => seen.push(value)); emitter.once("x", () => seen.push("once"));
      emitter.emit("x", 1); emitter.emit("x", 2);
      setTimeout(() => emitter.emit("later", "a", "b"), 1);
      const [first] = await once(emitter, "later");
      const deprecated = util.deprecate((x) => x + 1, "old", "DEP1");
      return [B.from("aGk_", "base64url").toString("hex"), B.concat([B.from("a"), B.alloc(2)]).length,
        B.from("ÿ", "latin1")[0], B.byteLength("€"), B.from([1, 2, 3]).readUInt16BE(1), isUtf8(B.from([255])),
        Buffer === B && Blob === BufferBlob, constants.MAX_LENGTH > 2 ** 30, B.compare(B.from("a"), B.from("b")), B.from("hi").equals(B.from("hi")),
        util.format("%s %d %j %%", "a", 1.5, { b: 1 }), util.inspect({ a: { b: ["x"] } }), util.inspect(new Map([[1, "x"]])),
        util.types.isDate(new Date()), util.isDeepStrictEqual({ a: [1] }, { a: [1] }), util.promisify((cb) => cb(null, 5))(),
        await util.promisify(setTimeout)(1, "slept"), util.types.isProxy({}), deprecated(1), util.isArray([]),
        thrown(() => assert.equal(1, 2)), thrown(() => strict.deepEqual({ a: 1 }, { a: "1" })), thrown(() => assert(0)),
        assert.throws(() => { throw new TypeError("x"); }, TypeError) ?? "threw", seen, first, EventEmitter === Emitter,
        emitter.listenerCount("x"), emitter instanceof EventEmitter,
        thrown(() => new Emitter().emit("error", new RangeError("r")))].map((v) => v instanceof Promise ? "promise" : v);`,
    ),
    [
      "68693f",
      3,
      255,
      3,
      515,
      false,
      true,
      true,
      -1,
      true,
      'a 1.5 {"b":1} %',
      "{ a: { b: [ 'x' ] } }",
      "Map(1) { 1 => 'x' }",
      true,
      true,
      "promise",
      "slept",
      false,
      2,
      true,
      ["AssertionError", "ERR_ASSERTION"],
      ["AssertionError", "ERR_ASSERTION"],
      ["AssertionError", "ERR_ASSERTION"],
      "threw",
      [1, "once", 2],
      "a",
      true,
      1,
      true,
      ["RangeError", null],
    ],
  );
});

Deno.test("streams, timers, async_hooks, perf_hooks and process", async () => {
  assertEquals(
    await inTask(
      `import stream, { Readable, Transform, Writable } from "node:stream"; import { text } from "stream/consumers";
      import { pipeline } from "stream/promises"; import { setTimeout as sleep, setInterval as every } from "timers/promises";
      import { AsyncLocalStorage, AsyncResource } from "async_hooks"; import { performance } from "perf_hooks";
      import process, { env } from "process"; import os from "os"; import tty from "tty"; import { ReadableStream as Web } from "stream/web";`,
      `const upper = new Transform({ transform(chunk, _, done) { done(null, String(chunk).toUpperCase()); } });
      const parts = []; await pipeline(Readable.from(["a", "b"]), upper, new Writable({ write(c, _, d) { parts.push(String(c)); d(); } }));
      const storage = new AsyncLocalStorage();
      const order = []; process.nextTick(() => order.push("tick")); Promise.resolve().then(() => order.push("promise"));
      setImmediate(() => order.push("immediate")); await sleep(5);
      let ticks = 0; for await (const _ of every(1)) if (++ticks === 3) break;
      const timer = setTimeout(() => {}, 1000); timer.unref(); const id = +timer; clearTimeout(timer);
      const web = Readable.toWeb(Readable.from(["w"])); let read = ""; for await (const part of Readable.fromWeb(web)) read += part;
      return [parts.join(""), await text(Readable.from(["x", "y"])), storage.run(1, () => storage.getStore()),
        await storage.run(2, async () => { await sleep(1); return storage.getStore(); }), storage.getStore() ?? null,
        new AsyncResource("T").runInAsyncScope((x) => x, null, 7), order, ticks, typeof timer, id > 0,
        performance.now() >= 0 && performance.now() < 5000, performance.timeOrigin > 1.7e12, process.platform, process.version.startsWith("v"),
        process.hrtime().length, typeof process.hrtime.bigint(), process.uptime() < 5, env === process.env, process.argv.length,
        process.memoryUsage().rss, os.EOL, os.platform(), os.cpus().length, os.hostname(), tty.isatty(1), read,
        Web === globalThis.ReadableStream, process.stdout.write("") && process.stdout.isTTY];`,
    ),
    [
      "AB",
      "xy",
      1,
      2,
      null,
      7,
      ["tick", "promise", "immediate"],
      3,
      "object",
      true,
      true,
      true,
      "linux",
      true,
      2,
      "bigint",
      true,
      true,
      2,
      0,
      "\n",
      "linux",
      1,
      "sandbox",
      false,
      "w",
      true,
      false,
    ],
  );
});

Deno.test("crypto hashes, and zlib compresses", async () => {
  const result = await inTask(
    `import crypto, { createHash, randomUUID } from "node:crypto"; import zlib from "zlib"; import { promisify } from "util";`,
    `const hash = (name) => createHash(name).update("abc").digest("hex").slice(0, 16);
    const gzip = promisify(zlib.gzip), gunzip = promisify(zlib.gunzip);
    const long = "text ".repeat(1000);
    const errors = [() => crypto.createHash("nope"), () => crypto.createSign("sha256"),
      () => zlib.gunzipSync(Buffer.from("garbage")), () => zlib.gunzipSync(zlib.gzipSync(long).subarray(0, 20)),
      () => zlib.gunzipSync(zlib.gzipSync(long), { maxOutputLength: 10 })]
      .map((body) => { try { return body(); } catch (error) { return error.code; } });
    const streamed = await new Promise((resolve) => { const parts = []; const s = zlib.createDeflate();
      s.on("data", (p) => parts.push(p)).on("end", () => resolve(zlib.inflateSync(Buffer.concat(parts)).toString()));
      s.write("a"); s.end("b"); });
    return [["md5", "sha1", "sha256", "SHA512", "sha3-256", "ripemd160", "blake2b512"].map(hash),
      crypto.createHmac("sha256", "key").update("x").digest("base64"), crypto.randomBytes(16).length, randomUUID(),
      crypto.randomInt(5) < 5, crypto.timingSafeEqual(Buffer.from("a"), Buffer.from("a")),
      crypto.pbkdf2Sync("p", "salt", 10, 8, "sha256").toString("hex"), crypto.scryptSync("p", "salt", 8, { N: 16 }).toString("hex"),
      Buffer.from(crypto.hkdfSync("sha256", "k", "s", "i", 8)).toString("hex"), crypto.hash("sha1", "abc").slice(0, 8),
      (await gunzip(await gzip(long))).toString() === long, zlib.inflateRawSync(zlib.deflateRawSync(long)).length,
      zlib.unzipSync(zlib.deflateSync("z")).toString(), zlib.gzipSync(long).length < 100, zlib.crc32("abc"), streamed, errors];`,
  ) as unknown[];
  assertMatch(
    String(result[3]),
    /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/,
  );
  result[3] = "uuid";
  assertEquals(result, [
    [
      "900150983cd24fb0",
      "a9993e364706816a",
      "ba7816bf8f01cfea",
      "ddaf35a193617aba",
      "3a985da74fe225b2",
      "8eb208f7e05d987a",
      "ba80a53f981c4d0d",
    ],
    "T8O36vNNfllKb1HZUXulQ6v0EGeydYf/2CujWE5NPN0=",
    16,
    "uuid",
    true,
    true,
    "21f93ad86069b571",
    "33c29a6259ea3548",
    "02b0929a9d46e923",
    "a9993e36",
    true,
    5000,
    "z",
    true,
    891568578,
    "ab",
    [
      "ERR_CRYPTO_INVALID_DIGEST",
      "ERR_NOT_AVAILABLE_IN_SANDBOX",
      "Z_DATA_ERROR",
      "Z_BUF_ERROR",
      "ERR_BUFFER_TOO_LARGE",
    ],
  ]);
});

Deno.test("an exit ends the task, and createRequire gives Node's modules", async () => {
  const code =
    `import { task } from "@capsule/sdk"; import { createRequire, isBuiltin } from "node:module";
    const require = createRequire(import.meta.url);
    import { abort, exit, resourceUsage } from "node:process";
    task({ name: "leaves" }, (status) => { resourceUsage(); (status === "abort" ? abort : exit)(status); });
    task({ name: "main" }, () => {
      let missing; try { require("lodash"); } catch (error) { missing = error.message; }
      return [require("node:path").join("a", "b"), isBuiltin("fs"), missing, process.getBuiltinModule("os").EOL];
    });`;
  await using program = await open({ code, language: "typescript" });
  assertEquals((await program.call("main")).result, [
    "a/b",
    true,
    "Cannot find module 'lodash': it is not in the program's bundle",
    "\n",
  ]);
  assertEquals((await program.call("leaves", [0])).result, null);
  const { error } = await program.call("leaves", [3]);
  assertEquals([error?.error_type, error?.message], [
    "task_error",
    "the task exited with status 3",
  ]);
  const aborted = await program.call("leaves", ["abort"]);
  assertEquals(aborted.error?.message, "the task exited with status 134");
});

Deno.test("positions and sizes that no file has are Node's errors", async () => {
  using folder = project({ "data/a.txt": "hello" });
  folder.write(
    "main.ts",
    `import { task } from "@capsule/sdk"; import fs from "node:fs";
    const said = (body) => { try { return body(); } catch (error) { return [error.name, error.code, error.message]; } };
    task({ name: "main", allowedFiles: ["./data"] }, () => {
      const fd = fs.openSync("data/a.txt", "r+"); const buffer = Buffer.alloc(4);
      const positions = [2 ** 53, 2 ** 64, 2n ** 64n, 2n ** 63n, -2, 1.5, 1e300];
      return {
        read: positions.map((position) => said(() => fs.readSync(fd, buffer, 0, 4, position))),
        write: positions.map((position) => said(() => fs.writeSync(fd, buffer, 0, 4, position))),
        size: [2 ** 64, 1e300].map((size) => said(() => fs.ftruncateSync(fd, size))),
        times: said(() => fs.futimesSync(fd, 1e300, 1e300)),
      };
    });`,
  );
  const { result, error } = await run({ file: "main.ts", cwd: folder.path });
  assertEquals(error, null);
  const { read, write, size, times } = result as Record<string, string[][]>;
  const codes = (told: string[][]) => told.map(([, code]) => code);
  assertEquals(codes(read!.slice(1)), Array(6).fill("ERR_OUT_OF_RANGE"));
  assertMatch(read![1]![2]!, /^The value of "position" is out of range\./);
  assertEquals(
    codes(write!).filter((code) => !["EFBIG", "EINVAL", "ERR_OUT_OF_RANGE"].includes(code!)),
    [],
  );
  assertEquals([...size!, times!].map((told) => told[1]), ["EINVAL", "EINVAL", "EINVAL"]);
  assertTrue(!JSON.stringify(result).includes("expected"), "a text of the host's parser");
});

Deno.test("packages learn of stacks, constants, threads and consoles what Node tells", async () => {
  const result = await inTask(
    `import util from "node:util"; import zlib from "node:zlib";
    import { Console } from "node:console"; import test from "node:test"; import { PassThrough } from "stream";
    import { isMainThread, markAsUncloneable, parentPort, Worker } from "node:worker_threads";`,
    `const { prepareStackTrace } = Error;
    Error.prepareStackTrace = (_, frames) => frames;
    const target = {}; Error.captureStackTrace(target);
    const [frame] = target.stack; Error.prepareStackTrace = prepareStackTrace;
    markAsUncloneable({});
    let message; try { new Worker("x"); } catch (error) { message = error.message; }
    const stream = new PassThrough(); const own = new Console(stream);
    own.group("%d", 1); own.error("x");
    let testing; try { test("a", () => {}); } catch (error) { testing = error.message; }
    return [frame.isEval(), frame.getThis() === undefined, util.getCallSites(), zlib.Z_DEFAULT_WINDOWBITS,
      isMainThread, parentPort, message, testing, String(stream.read())];`,
  );
  assertEquals(result, [
    false,
    true,
    [],
    15,
    true,
    null,
    'Cannot use Worker of "node:worker_threads": the module is not available in a sandbox',
    'Cannot use test of "node:test": the module is not available in a sandbox',
    "1\n  x\n",
  ]);
});
