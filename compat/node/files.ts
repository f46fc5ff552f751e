/** Files, and the process that has them. */
import fs from "node:fs";
import fsPromises from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import posix from "node:path/posix";
import win32 from "node:path/win32";
import process from "node:process";
import { equal, throws } from "../expect.ts";
import type { Modules } from "./module.ts";

export const files: Modules = {
  fs: {
    tried: "files as a whole, by descriptors and as streams; folders, stat, copy, rename, remove",
    async run() {
      fs.rmSync("data/fs", { recursive: true, force: true });
      fs.mkdirSync("data/fs/deep", { recursive: true });
      fs.writeFileSync("data/fs/a.txt", "one");
      fs.appendFileSync("data/fs/a.txt", " two");
      fs.copyFileSync("data/fs/a.txt", "data/fs/deep/b.txt");
      fs.renameSync("data/fs/deep/b.txt", "data/fs/c.txt");
      equal(fs.readFileSync("data/fs/c.txt", "utf8"), "one two");
      equal(fs.readdirSync("data/fs").sort(), ["a.txt", "c.txt", "deep"]);
      const { size } = fs.statSync("data/fs/a.txt");
      equal([size, fs.lstatSync("data/fs/deep").isDirectory()], [7, true]);
      fs.unlinkSync("data/fs/c.txt");
      equal([fs.existsSync("data/fs/c.txt"), fs.existsSync("data/fs")], [false, true]);
      await throws(() => fs.readFileSync("data/fs/c.txt"), /ENOENT/);
      const descriptor = fs.openSync("data/fs/a.txt", "r+");
      fs.writeSync(descriptor, "ONE", 0);
      const bytes = Buffer.alloc(5);
      equal([fs.readSync(descriptor, bytes, 0, 5, 0), bytes.toString()], [5, "ONE t"]);
      fs.closeSync(descriptor);
      const written = fs.createWriteStream("data/fs/d.txt");
      written.end("streamed");
      await new Promise<void>((resolve) => written.on("finish", () => resolve()));
      let text = "";
      for await (const part of fs.createReadStream("data/fs/d.txt", "utf8")) text += part;
      equal(text, "streamed");
      const read = await new Promise((resolve, reject) =>
        fs.readFile("data/fs/d.txt", "utf8", (error, data) => error ? reject(error) : resolve(data))
      );
      equal(read, "streamed");
    },
  },
  "fs/promises": {
    tried: "writeFile, readFile, mkdir, readdir, stat, access, rename, rm, open and its handle",
    async run() {
      await fsPromises.rm("data/promises", { recursive: true, force: true });
      await fsPromises.mkdir("data/promises/deep", { recursive: true });
      await fsPromises.writeFile("data/promises/a.txt", "ü");
      equal(await fsPromises.readFile("data/promises/a.txt", "utf8"), "ü");
      await fsPromises.rename("data/promises/a.txt", "data/promises/b.txt");
      const entries = await fsPromises.readdir("data/promises", { withFileTypes: true });
      equal(entries.map((entry) => [entry.name, entry.isFile()]).sort(), [
        ["b.txt", true],
        ["deep", false],
      ]);
      equal((await fsPromises.stat("data/promises/b.txt")).size, 2);
      await throws(() => fsPromises.access("data/promises/a.txt"), /ENOENT/);
      const handle = await fsPromises.open("data/promises/b.txt", "a+");
      await handle.writeFile("!");
      await handle.close();
      equal(await fsPromises.readFile("data/promises/b.txt", "utf8"), "ü!");
    },
  },
  os: {
    tried: "EOL, platform, homedir, tmpdir, cpus, totalmem, userInfo, constants",
    run() {
      equal([os.EOL, typeof os.platform(), typeof os.homedir()], ["\n", "string", "string"]);
      equal([os.cpus().length > 0, os.totalmem() > 0, os.constants.signals.SIGINT], [
        true,
        true,
        2,
      ]);
      equal([typeof os.userInfo().username, typeof os.tmpdir()], ["string", "string"]);
    },
  },
  path: {
    tried: "join, resolve, relative, parse, format, normalize, extname, isAbsolute",
    run() {
      equal(path.join("/a", "..", "b", "./c.txt"), "/b/c.txt");
      equal(path.relative("/a/b/c", "/a/d"), "../../d");
      equal(path.resolve("/a", "b", "../c"), "/a/c");
      equal(path.parse("/x/y.tar.gz"), {
        root: "/",
        dir: "/x",
        base: "y.tar.gz",
        ext: ".gz",
        name: "y.tar",
      });
      equal(path.format({ dir: "/x", base: "y" }), "/x/y");
      equal([path.extname("a.b"), path.basename("/a/b.ts", ".ts")], [".b", "b"]);
      equal([path.isAbsolute("a"), path.sep, path.normalize("a//b/../c/")], [false, "/", "a/c/"]);
    },
  },
  "path/posix": {
    tried: "join, dirname",
    run: () => equal([posix.join("a", "b"), posix.dirname("/a/b/c")], ["a/b", "/a/b"]),
  },
  "path/win32": {
    tried: "join, parse",
    run: () => equal([win32.join("a", "b"), win32.parse("C:\\x\\y").root], ["a\\b", "C:\\"]),
  },
  process: {
    tried: "env, argv, cwd, chdir, nextTick, hrtime, memoryUsage, uptime, versions, stdout",
    async run() {
      equal([typeof process.env, Array.isArray(process.argv)], ["object", true]);
      const folder = process.cwd();
      process.chdir("data");
      equal(process.cwd(), path.resolve(folder, "data"));
      process.chdir(folder);
      const order: string[] = [];
      Promise.resolve().then(() => order.push("promise"));
      await new Promise<void>((resolve) => process.nextTick(resolve));
      equal(order.length <= 1, true);
      equal([process.hrtime().length, typeof process.hrtime.bigint()], [2, "bigint"]);
      equal([typeof process.memoryUsage().rss, process.uptime() >= 0], ["number", true]);
      equal([typeof process.pid, process.versions.node.split(".").length], ["number", 3]);
      equal(process.stdout.write(""), true);
    },
  },
};
