/** `node:console`: the global console, and others over streams. */
import type { ConsoleConstructorOptions } from "node:console";
import type stream from "node:stream";
import type { InspectOptions } from "node:util";
import { consoleOver } from "../globals/console.ts";

class Console {
  constructor(output: stream.Writable | ConsoleConstructorOptions, error?: stream.Writable) {
    const options: ConsoleConstructorOptions = "stdout" in output
      ? output as ConsoleConstructorOptions
      : { stdout: output as stream.Writable, ...error && { stderr: error } };
    const { stdout, stderr = stdout, colorMode, inspectOptions, groupIndentation } = options;
    const streams = [stdout, stderr];
    const colors = colorMode === true ? { colors: true } : {};
    const optionsOf = (descriptor: number): InspectOptions => ({
      ...colors,
      ...inspectOptions instanceof Map
        ? inspectOptions.get(streams[descriptor - 1]!)
        : inspectOptions,
    });
    const write = (descriptor: number, text: string) => streams[descriptor - 1]!.write(text);
    Object.assign(
      this,
      consoleOver(write, {
        inspectOptions: optionsOf,
        ...groupIndentation !== undefined && { groupIndentation },
      }),
    );
  }
}

Object.defineProperty(globalThis.console, "Console", {
  value: Console,
  writable: true,
  configurable: true,
});

export default globalThis.console;
