/** Streams, and compression. */
import stream, { Duplex, PassThrough, Readable, Transform, Writable } from "node:stream";
import consumers from "node:stream/consumers";
import { finished, pipeline } from "node:stream/promises";
import web from "node:stream/web";
import zlib from "node:zlib";
import { equal, throws } from "../expect.ts";
import type { Modules } from "./module.ts";

const upper = () =>
  new Transform({
    transform(chunk, _, done) {
      done(null, String(chunk).toUpperCase());
    },
  });

export const streams: Modules = {
  stream: {
    tried: "Readable, Writable, Transform, Duplex, PassThrough, pipe, pipeline, finished, toWeb",
    async run() {
      const parts: string[] = [];
      const sink = new Writable({
        write(chunk, _, done) {
          parts.push(String(chunk));
          done();
        },
      });
      await new Promise((resolve, reject) =>
        stream.pipeline(
          Readable.from(["a", "b"]),
          upper(),
          sink,
          (error) => error ? reject(error) : resolve(0),
        )
      );
      equal(parts, ["A", "B"]);
      equal(await Readable.from([1, 2, 3]).map((n: number) => n * 2).toArray(), [2, 4, 6]);
      const broken = new PassThrough();
      const ended = new Promise((resolve) => stream.finished(broken, resolve));
      broken.destroy(new Error("broken"));
      equal(String(await ended), "Error: broken");
      equal(await consumers.text(Readable.from(["x"]).pipe(new PassThrough())), "x");
      equal(
        await new Response(Readable.toWeb(Readable.from([Buffer.from("w")])) as ReadableStream)
          .text(),
        "w",
      );
      equal(await consumers.text(Duplex.from(["d"])), "d");
    },
  },
  "stream/consumers": {
    tried: "text, json, buffer, arrayBuffer",
    async run() {
      equal(await consumers.text(Readable.from(["a", "b"])), "ab");
      equal(await consumers.json(Readable.from(['{"a":', "1}"])), { a: 1 });
      equal((await consumers.buffer(Readable.from([Buffer.from("x")]))).toString(), "x");
    },
  },
  "stream/promises": {
    tried: "pipeline, finished",
    async run() {
      const through = new PassThrough();
      await pipeline(Readable.from(["x"]), upper(), through);
      equal(String(through.read()), "X");
      await throws(
        () => finished(new PassThrough().destroy(new Error("no"))),
        /no|ERR_STREAM_PREMATURE_CLOSE|Premature/,
      );
    },
  },
  "stream/web": {
    tried: "ReadableStream, TransformStream, TextDecoderStream",
    async run() {
      const { ReadableStream, TransformStream } = web;
      const source = new ReadableStream({
        start(controller) {
          controller.enqueue("a");
          controller.close();
        },
      });
      const doubled = source.pipeThrough(
        new TransformStream({
          transform: (chunk, controller) => controller.enqueue(chunk + chunk),
        }),
      );
      const parts = [];
      for await (const part of doubled) parts.push(part);
      equal([parts, typeof web.TextDecoderStream], [["aa"], "function"]);
    },
  },
  zlib: {
    tried: "gzip, gunzip, deflate, inflate, raw, unzip, crc32, callbacks, streams; no Brotli",
    async run() {
      const data = Buffer.from("hello hello hello hello");
      equal(zlib.gunzipSync(zlib.gzipSync(data)).toString(), String(data));
      equal(zlib.inflateSync(zlib.deflateSync(data, { level: 9 })).toString(), String(data));
      equal(zlib.inflateRawSync(zlib.deflateRawSync(data)).toString(), String(data));
      equal(zlib.unzipSync(zlib.gzipSync(data)).length, data.length);
      equal(zlib.crc32("hello"), 907060870);
      const packed = await new Promise<Buffer>((resolve, reject) =>
        zlib.gzip(data, (error, result) => error ? reject(error) : resolve(result))
      );
      const streamed = Readable.from([packed]).pipe(zlib.createGunzip());
      equal(await consumers.text(streamed), String(data));
      await throws(() => zlib.brotliCompressSync(data), /not (?:supported|available)/);
      await throws(() => zlib.gunzipSync(Buffer.from("no")), /incorrect header|unexpected end/);
    },
  },
};
