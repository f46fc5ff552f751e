/** Node's built-in modules, as programs import them. */
import assert from "./assert.ts";
import assertStrict from "./assert_strict.ts";
import asyncHooks from "./async/async_hooks.ts";
import buffer from "./buffer.ts";
import console from "./console.ts";
import crypto from "./crypto/crypto.ts";
import diagnosticsChannel from "node:diagnostics_channel";
import events from "./events.ts";
import fs from "./files/fs.ts";
import fsPromises from "./files/fs_promises.ts";
import http from "./http/http.ts";
import https from "./http/https.ts";
import module from "./module.ts";
import net from "./http/net.ts";
import os from "./process/os.ts";
import path from "./files/path.ts";
import perfHooks from "./async/perf_hooks.ts";
import process from "./process/process.ts";
import punycode from "node:punycode";
import querystring from "node:querystring";
import stream from "node:stream";
import streamConsumers from "node:stream/consumers";
import streamPromises from "node:stream/promises";
import streamWeb from "./streams/stream_web.ts";
import * as stringDecoder from "node:string_decoder";
import timers from "./async/timers.ts";
import timersPromises from "./async/timers_promises.ts";
import tty from "./process/tty.ts";
import url from "node:url";
import util from "./util.ts";
import utilTypes from "./util_types.ts";
import workerThreads from "./process/worker_threads.ts";
import zlib from "./streams/zlib.ts";
import { UNAVAILABLE, unavailable } from "./unavailable.ts";

const modules: Record<string, unknown> = {
  // Names that objects inherit must not count as modules.
  __proto__: null,
  assert,
  "assert/strict": assertStrict,
  async_hooks: asyncHooks,
  buffer,
  console,
  constants: { ...os.constants.errno, ...os.constants.signals, ...fs.constants },
  crypto,
  diagnostics_channel: diagnosticsChannel,
  events,
  fs,
  "fs/promises": fsPromises,
  http,
  https,
  module,
  net,
  os,
  path,
  "path/posix": path.posix,
  "path/win32": path.win32,
  perf_hooks: perfHooks,
  process,
  punycode,
  querystring,
  stream,
  "stream/consumers": streamConsumers,
  "stream/promises": streamPromises,
  "stream/web": streamWeb,
  string_decoder: stringDecoder,
  sys: util,
  timers,
  "timers/promises": timersPromises,
  tty,
  url,
  util,
  "util/types": utilTypes,
  worker_threads: workerThreads,
  zlib,
};

/** A module by its name without `node:`. Undefined if Node has none of that name. */
export function builtin(name: string): unknown {
  const found = modules[name];
  if (found !== undefined) return found;
  return UNAVAILABLE.includes(name) ? (modules[name] = unavailable(name)) : undefined;
}

// `module.createRequire` returns the same modules as imports.
module.setFind(builtin);
