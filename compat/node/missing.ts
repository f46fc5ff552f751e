/** What a sandbox does not have: an import of a module is no mistake, and each use of it says what is missing. */
import childProcess from "node:child_process";
import cluster from "node:cluster";
import dgram from "node:dgram";
import dns from "node:dns";
import dnsPromises from "node:dns/promises";
import domain from "node:domain";
import http2 from "node:http2";
import inspector from "node:inspector";
import inspectorPromises from "node:inspector/promises";
import net from "node:net";
import readline from "node:readline";
import readlinePromises from "node:readline/promises";
import repl from "node:repl";
import sqlite from "node:sqlite";
import test from "node:test";
import tls from "node:tls";
import traceEvents from "node:trace_events";
import v8 from "node:v8";
import vm from "node:vm";
import { WASI } from "node:wasi";
import workerThreads from "node:worker_threads";
import { equal } from "../expect.ts";
import type { Modules } from "./module.ts";

export const missing: Modules = {
  child_process: { tried: "execSync", run: () => childProcess.execSync("ls") },
  cluster: { tried: "fork", run: () => cluster.fork() },
  dgram: { tried: "createSocket", run: () => dgram.createSocket("udp4") },
  dns: { tried: "lookup", run: () => dns.lookup("localhost", () => {}) },
  "dns/promises": { tried: "lookup", run: () => dnsPromises.lookup("localhost") },
  domain: { tried: "create", run: () => domain.create() },
  http2: { tried: "connect", run: (server) => http2.connect(server) },
  inspector: { tried: "open", run: () => inspector.open() },
  "inspector/promises": { tried: "Session", run: () => new inspectorPromises.Session() },
  net: {
    tried: "isIP, isIPv4, isIPv6; connect",
    run() {
      equal([net.isIP("::1"), net.isIPv4("1.2.3.4"), net.isIPv6("x")], [6, true, false]);
      net.connect(80, "localhost");
    },
  },
  readline: {
    tried: "createInterface",
    run: () => readline.createInterface({ input: process.stdin }),
  },
  "readline/promises": {
    tried: "createInterface",
    run: () => readlinePromises.createInterface({ input: process.stdin }),
  },
  repl: { tried: "start", run: () => repl.start() },
  sqlite: { tried: "DatabaseSync", run: () => new sqlite.DatabaseSync(":memory:") },
  test: { tried: "test", run: () => test("a test", () => {}) },
  tls: { tried: "connect", run: () => tls.connect(443, "localhost") },
  trace_events: {
    tried: "createTracing",
    run: () => traceEvents.createTracing({ categories: ["v8"] }),
  },
  v8: { tried: "serialize", run: () => v8.serialize({}) },
  vm: { tried: "runInNewContext", run: () => vm.runInNewContext("1") },
  wasi: { tried: "WASI", run: () => new WASI({ version: "preview1" }) },
  worker_threads: {
    tried: "isMainThread, MessageChannel; Worker",
    run() {
      equal([workerThreads.isMainThread, typeof workerThreads.MessageChannel], [true, "function"]);
      new workerThreads.Worker("worker.js");
    },
  },
};
