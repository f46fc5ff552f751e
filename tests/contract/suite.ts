/**
 * One suite for every host: cases.json says what is run and what has to come back, README.md what its
 * fields mean. Deno and Node run this file: it imports Node's modules only.
 */
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { Buffer } from "node:buffer";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A case of cases.json. */
export interface Case {
  name: string;
  file?: string;
  files?: Record<string, string>;
  links?: Record<string, string>;
  options?: Record<string, unknown>;
  task?: string;
  args?: unknown;
  kwargs?: Record<string, unknown>;
  cancelAfterMs?: number;
  times?: number;
  expected: Expected;
}

/** An envelope without its figures, or the code of the error that is thrown. */
export type Expected = Record<string, unknown> | { thrown: string };

/** The API of a host. */
export type Run = (options: Record<string, unknown>) => Promise<unknown>;

/** The folder of a case, in a message. */
export const CASE_FOLDER: RegExp = /\/tmp\/capsule-contract-\w+/g;

/** Runs a case. Returns what came back, as `expected` has it: once, since all calls have to give the same. */
export async function runCase(run: Run, one: Case, programs: string): Promise<Expected> {
  const { file, files = {}, links = {}, options = {}, cancelAfterMs, times = 1 } = one;
  const cwd = realpathSync(mkdtempSync(join(tmpdir(), "capsule-contract-")));
  try {
    if (file !== undefined) cpSync(join(programs, file), join(cwd, file));
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(path.endsWith("/") ? join(cwd, path) : dirname(join(cwd, path)), {
        recursive: true,
      });
      if (!path.endsWith("/")) writeFileSync(join(cwd, path), text);
    }
    for (const [path, target] of Object.entries(links)) symlinkSync(target, join(cwd, path));
    const { task, args, kwargs } = one;
    const given = Object.entries({
      file,
      task,
      args: decodeBytes(expand(args)),
      kwargs: decodeBytes(kwargs),
    });
    const request = {
      cwd,
      ...Object.fromEntries(given.filter(([, value]) => value !== undefined)),
      ...options,
    };
    const call = async (): Promise<Expected> => {
      const signal = cancelAfterMs === undefined ? {} : { signal: abortAfter(cancelAfterMs) };
      try {
        return encodeBytes(withoutFigures(await run({ ...request, ...signal }))) as Expected;
      } catch (error) {
        if (!(error instanceof Error) || error.name !== "CapsuleError") throw error;
        return { thrown: (error as unknown as { code: string }).code };
      }
    };
    const results = await Promise.all(Array.from({ length: times }, call));
    const [first, ...others] = results.map((result) => JSON.stringify(result));
    const other = others.find((text) => text !== first);
    if (other !== undefined) throw new Error(`calls differ:\n${first}\n${other}`);
    return results[0]!;
  } finally {
    rmSync(cwd, { recursive: true });
  }
}

/** What has to come back, in the host's own JSON text. */
export function expectedText({ expected }: Case): string {
  return JSON.stringify(expand(expected));
}

/** All cases. */
export function readCases(folder: string): Case[] {
  return JSON.parse(readFileSync(join(folder, "cases.json"), "utf8"));
}

/** Puts values in the place of what stands for them because they are large. */
function expand(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(expand);
  const { $repeat, $nest } = value as { $repeat?: [string, number]; $nest?: number };
  if ($repeat !== undefined) return $repeat[0].repeat($repeat[1]);
  if ($nest !== undefined) {
    let nested: unknown = 0;
    for (let level = 0; level < $nest; level++) nested = [nested];
    return nested;
  }
  const members = Object.entries(value).map(([key, member]) => [key, expand(member)] as const);
  return Object.fromEntries(members);
}

/** Puts bytes in the place of `{ "$bytes": base64 }`. */
export function decodeBytes(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(decodeBytes);
  const members = Object.entries(value);
  const [key = "", member] = members.length === 1 ? members[0]! : [];
  if (key === "$bytes") return new Uint8Array(Buffer.from(member as string, "base64"));
  if (BYTES_KEY.test(key)) return { [key.slice(1)]: decodeBytes(member) };
  return Object.fromEntries(members.map(([key, member]) => [key, decodeBytes(member)]));
}

/** The reverse. Bytes are what came back as `Uint8Array`, and nothing else. */
function encodeBytes(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(encodeBytes);
  if (value.constructor === Uint8Array) {
    return { $bytes: Buffer.from(value as Uint8Array).toString("base64") };
  }
  const members = Object.entries(value);
  const [key = "", member] = members.length === 1 ? members[0]! : [];
  if (BYTES_KEY.test(key)) return { [`$${key}`]: encodeBytes(member) };
  return Object.fromEntries(members.map(([key, member]) => [key, encodeBytes(member)]));
}

const BYTES_KEY = /^\$+bytes$/;

/** Times, fuel and memory differ from call to call. */
function withoutFigures(envelope: unknown): Expected {
  const { execution, ...rest } = envelope as {
    execution: Record<string, unknown>;
    error: { message: string } | null;
  };
  const { duration_ms, fuel_consumed, ram_used, sandboxed, ...kept } = execution;
  if (sandboxed !== true) throw new Error(`sandboxed is ${sandboxed}`);
  for (const figure of [duration_ms, fuel_consumed, ram_used]) {
    if (typeof figure !== "number" || figure < 0) throw new Error(`no figure: ${figure}`);
  }
  if (rest.error) {
    rest.error.message = rest.error.message.replace(/wanted \d+/, "wanted N").replace(
      CASE_FOLDER,
      "CWD",
    );
  }
  return { ...rest, execution: kept };
}

function abortAfter(milliseconds: number): AbortSignal {
  return milliseconds === 0 ? AbortSignal.abort() : AbortSignal.timeout(milliseconds);
}
