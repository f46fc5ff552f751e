/** Shared by the scripts. */

/** The root of the checkout. */
export const ROOT = new URL("../", import.meta.url).pathname;

/** The files of the pip package that the Python engine contains; the others are for hosts. */
export const GUEST_SDK = ["__init__", "_envelope", "_errors", "_payload", "_task", "http"]
  .map((name) => `python/src/capsule/${name}.py`);

/** Bytes as lower-case hexadecimal digits. */
export function encodeHex(bytes: ArrayBuffer): string {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A step that is in progress. */
export interface Progress {
  done(what: string): void;
  failed(what: string): void;
}

/** Unfinished lines on a terminal. */
const active = new Set<{ text: string; started: number }>();
let drawn = 0;
let timer: ReturnType<typeof setInterval> | undefined;

/** Shows a step that is in progress: with its time on a terminal, elsewhere with a line every 30 seconds. */
export function progress(text: string): Progress {
  const entry = { text, started: Date.now() };
  const terminal = Deno.stderr.isTerminal();
  active.add(entry);
  if (terminal) draw();
  else console.error(`${text}…`);
  timer ??= setInterval(terminal ? draw : remind, terminal ? 100 : 30_000);
  const end = (mark: string, what: string) => {
    active.delete(entry);
    if (terminal) clear();
    console.error(`${mark} ${what} (${elapsed(entry.started)})`);
    if (terminal) draw();
    if (active.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
  return { done: (what) => end("✔", what), failed: (what) => end("✘", what) };
}

function elapsed(started: number): string {
  const seconds = (Date.now() - started) / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
}

function remind(): void {
  for (const { text, started } of active) console.error(`${text}… ${elapsed(started)}`);
}

function draw(): void {
  clear();
  const lines = [...active].map(({ text, started }) => `  ${text}… ${elapsed(started)}\n`);
  write(lines.join(""));
  drawn = lines.length;
}

function clear(): void {
  if (drawn > 0) write(`\u001b[${drawn}A\u001b[J`);
  drawn = 0;
}

function write(text: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(text));
}

/** The folders of published TypeScript. */
export const ROOMS = [
  ...["cache", "cli", "compiler", "errors", "install", "platform", "protocol", "runner", "sdk"],
  ...["telemetry", "worker"],
];
/** The published files in the root. */
export const ENTRIES = ["cli.ts", "mod.ts", "runner.ts", "version.ts"];
/** The published files in `ffi`, which also contains Rust. */
export const FFI_FILES = Array.from(Deno.readDirSync(`${ROOT}ffi`), ({ name }) => `ffi/${name}`)
  .filter((file) => file.endsWith(".ts"));
