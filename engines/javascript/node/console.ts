/** `node:console`: the global console, and others over streams. */
import type stream from "node:stream";
import { consoleOver } from "../globals/console.ts";

interface Options {
  stdout: stream.Writable;
  stderr?: stream.Writable;
}

class Console {
  constructor(output: stream.Writable | Options, error?: stream.Writable) {
    const { stdout, stderr = stdout } = "stdout" in output
      ? output
      : { stdout: output, stderr: error };
    const streams = [stdout, stderr];
    Object.assign(this, consoleOver((descriptor, text) => streams[descriptor - 1]!.write(text)));
  }
}

Object.defineProperty(globalThis.console, "Console", {
  value: Console,
  writable: true,
  configurable: true,
});

export default globalThis.console;
