/** Bytes and text. */
import assert from "node:assert";
import assertStrict from "node:assert/strict";
import buffer, { Buffer } from "node:buffer";
import constants from "node:constants";
import punycode from "node:punycode";
import querystring from "node:querystring";
import { StringDecoder } from "node:string_decoder";
// @ts-expect-error: nobody declares the old name of util.
import sys from "node:sys";
import url from "node:url";
import util from "node:util";
import types from "node:util/types";
import { equal, throws } from "../expect.ts";
import type { Modules } from "./module.ts";

export const text: Modules = {
  assert: {
    tried: "ok, equal, strictEqual, deepStrictEqual, throws, rejects, match, AssertionError",
    async run() {
      assert(true);
      assert.equal(1, "1");
      assert.deepStrictEqual({ a: [new Map([[1, 2]])] }, { a: [new Map([[1, 2]])] });
      assert.throws(() => JSON.parse("{"), SyntaxError);
      await assert.rejects(() => Promise.reject(new Error("no")), /no/);
      assert.match("abc", /b/);
      await throws(() => assert.strictEqual(1, 2), /AssertionError/);
      await throws(() => assert.deepStrictEqual([1], ["1"]), /AssertionError/);
    },
  },
  "assert/strict": {
    tried: "equal, deepEqual",
    async run() {
      assertStrict.deepEqual({ a: 1 }, { a: 1 });
      await throws(() => assertStrict.equal(1, "1"), /AssertionError/);
    },
  },
  buffer: {
    tried: "from, alloc, concat, numbers, encodings, compare, indexOf, toJSON, Blob, atob",
    async run() {
      equal(Buffer.from("ü").toString("hex"), "c3bc");
      equal(Buffer.from("aGk=", "base64").toString(), "hi");
      equal(Buffer.from("aGk_", "base64url").toString("latin1"), "hi?");
      const bytes = Buffer.alloc(8);
      bytes.writeUInt32BE(0xdeadbeef);
      bytes.writeInt16LE(-2, 4);
      equal([bytes.readUInt32BE(0), bytes.readInt16LE(4)], [0xdeadbeef, -2]);
      equal(Buffer.concat([Buffer.from("a"), Buffer.from("bc")]).indexOf("c"), 2);
      equal([Buffer.compare(Buffer.from("a"), Buffer.from("b")), Buffer.byteLength("ü")], [-1, 2]);
      equal(Buffer.from([1, 2]).toJSON(), { type: "Buffer", data: [1, 2] });
      equal([buffer.atob("aGk="), await new buffer.Blob(["x", "y"]).text()], ["hi", "xy"]);
    },
  },
  constants: {
    tried: "SIGTERM, ENOENT, O_RDONLY",
    run: () => equal([constants.SIGTERM, constants.ENOENT, constants.O_RDONLY], [15, 2, 0]),
  },
  punycode: {
    tried: "encode, toASCII, toUnicode",
    run() {
      equal([punycode.encode("ü"), punycode.toASCII("bücher.de")], ["tda", "xn--bcher-kva.de"]);
      equal(punycode.toUnicode("xn--bcher-kva.de"), "bücher.de");
    },
  },
  querystring: {
    tried: "parse, stringify, escape, unescape",
    run() {
      equal({ ...querystring.parse("a=1&a=2&b=%20x") }, { a: ["1", "2"], b: " x" });
      equal(querystring.stringify({ a: ["1", "2"], b: "ü" }), "a=1&a=2&b=%C3%BC");
      equal([querystring.escape("a b"), querystring.unescape("a%20b")], ["a%20b", "a b"]);
    },
  },
  string_decoder: {
    tried: "write and end of parted UTF-8 and base64",
    run() {
      const decoder = new StringDecoder("utf8");
      equal(decoder.write(Buffer.from([0xe2, 0x82])) + decoder.write(Buffer.from([0xac])), "€");
      equal(new StringDecoder("base64").end(Buffer.from("hi")), "aGk=");
    },
  },
  sys: {
    tried: "format, which is that of util",
    run: () => equal(sys.format("%s", 1), "1"),
  },
  url: {
    tried: "URL, URLSearchParams, parse, format, resolve, fileURLToPath, pathToFileURL",
    run() {
      const { hostname, port, searchParams } = new url.URL("http://ex.com:81/p?q=1#h");
      equal([hostname, port, searchParams.get("q")], ["ex.com", "81", "1"]);
      equal(new url.URLSearchParams({ a: "x y" }).toString(), "a=x+y");
      const { host, query, pathname } = url.parse("http://u:p@ex.com:81/p?q=1");
      equal([host, query, pathname], ["ex.com:81", "q=1", "/p"]);
      equal(url.format({ protocol: "https", host: "ex.com", pathname: "/x" }), "https://ex.com/x");
      equal(url.resolve("http://ex.com/a/b", "../c"), "http://ex.com/c");
      equal(url.fileURLToPath("file:///a%20b"), "/a b");
      equal(url.pathToFileURL("/a b").href, "file:///a%20b");
    },
  },
  util: {
    tried: "inspect, format, promisify, callbackify, isDeepStrictEqual, parseArgs, styleText",
    async run() {
      equal(util.format("%s %d %j %%", "a", 2, { b: 1 }), 'a 2 {"b":1} %');
      equal(util.inspect({ a: [1, { b: new Map([["k", 1]]) }] }), "{ a: [ 1, { b: [Map] } ] }");
      equal(util.inspect([Promise.resolve(4), new Proxy([1], {})]), "[ Promise { 4 }, [ 1 ] ]");
      const later = (value: number, done: (error: null, result: number) => void) =>
        setTimeout(() => done(null, value + 1), 1);
      equal(await util.promisify(later)(1), 2);
      equal(
        await new Promise((resolve) =>
          util.callbackify(() => Promise.resolve(3))((_, n) => resolve(n))
        ),
        3,
      );
      equal([util.isDeepStrictEqual([1], [1]), util.types.isDate(new Date())], [true, true]);
      const args = ["--name=x", "-v", "rest"];
      const options = {
        name: { type: "string" },
        verbose: { type: "boolean", short: "v" },
      } as const;
      const { values, positionals } = util.parseArgs({ args, options, allowPositionals: true });
      equal([{ ...values }, positionals], [{ name: "x", verbose: true }, ["rest"]]);
      equal(new util.TextDecoder("utf-16le").decode(new Uint8Array([0x41, 0])), "A");
      equal(util.stripVTControlCharacters("\u001b[31mred\u001b[0m"), "red");
      equal(util.styleText("red", "x", { validateStream: false }), "\u001b[31mx\u001b[39m");
    },
  },
  "util/types": {
    tried: "isPromise, isRegExp, isTypedArray, isMap, isGeneratorFunction",
    run() {
      equal([types.isPromise(Promise.resolve()), types.isRegExp(/x/)], [true, true]);
      equal([types.isTypedArray(new Uint8Array()), types.isMap({})], [true, false]);
      equal(types.isGeneratorFunction(function* () {}), true);
    },
  },
};
