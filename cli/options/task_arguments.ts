/** Reads the arguments of the task from the command line or a file. */
import { CapsuleError } from "../../errors/error.ts";
import type { FileStat } from "../../platform/platform.ts";
import { platform } from "../../platform/mod.ts";
import { resolve } from "../../platform/path.ts";
import { mayHaveBytesKey } from "../../sdk/bytes.ts";
import { parseExactly } from "../terminal/json.ts";
import { readInput } from "./input.ts";
import type { Arguments } from "./arguments.ts";

/**
 * The arguments of the task: ARGS as strings, or the values of `--args-json` or `--args-file`.
 *
 * @throws {CapsuleError} `invalid_argument`, `file_not_found`.
 */
export async function readArguments(
  parsed: Arguments,
  texts: string[],
  cwd: string,
): Promise<unknown[]> {
  const json = parsed.values.get("args-json")?.[0];
  const file = parsed.values.get("args-file")?.[0];
  const given = [json !== undefined, file !== undefined, texts.length > 0].filter(Boolean);
  if (given.length > 1) {
    throw new CapsuleError(
      "invalid_argument",
      "ARGS, --args-json and --args-file exclude each other",
    );
  }
  if (json !== undefined) return await parseJsonArray(json, "--args-json");
  if (file === undefined) return texts;
  if (file === "-" && parsed.positional[0] === "-") {
    throw new CapsuleError(
      "invalid_argument",
      "--args-file - cannot be used when FILE is -: standard input holds the program",
    );
  }
  const path = resolve(cwd, file);
  const stat = file === "-" ? undefined : platform.stat(path);
  const bytes = file === "-" ? await readInput("--args-file") : readFile(file, path, stat);
  // Standard input, pipes and devices have no extension: they hold JSON.
  const isJson = file.endsWith(".json") || stat?.isFile !== true;
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch (cause) {
    throw new CapsuleError("invalid_argument", `Cannot read "${file}": it is not UTF-8`, {
      hint: "mount its folder and pass its path: the program can read the bytes itself",
      cause,
    });
  }
  return isJson ? await parseJsonArray(text, file) : [text];
}

function readFile(file: string, path: string, stat: FileStat | undefined): Uint8Array {
  const bytes = stat === undefined || stat.isFolder ? undefined : platform.readFile(path);
  if (bytes !== undefined) return bytes;
  const problem = stat?.isFolder ? "it is a folder" : "there is no such file";
  throw new CapsuleError("file_not_found", `Cannot read "${file}": ${problem}`);
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

async function parseJsonArray(text: string, where: string): Promise<unknown[]> {
  let value: unknown;
  try {
    // Some editors write a byte order mark.
    value = parseExactly(text.replace(/^\ufeff/, ""));
  } catch (cause) {
    throw new CapsuleError(
      "invalid_argument",
      `${where} is not JSON: ${(cause as Error).message}`,
      {
        hint: `write an array of arguments: '["text", 5, true]'`,
        cause,
      },
    );
  }
  if (Array.isArray(value)) {
    if (!mayHaveBytesKey(text)) return value;
    const { withBytes } = await import("../../runner/envelope/bytes_json.ts");
    return withBytes(value, `${where}: args`) as unknown[];
  }
  throw new CapsuleError("invalid_argument", `${where} is not a JSON array`, {
    hint: `write an array of arguments: '["text", 5, true]'`,
  });
}
