/**
 * esbuild as a process that stays: to start it takes ten times as long as to bundle a small program. Only a process
 * that bundles one program after the other has it, and it ends when it was not needed for some seconds.
 */
import { type Child, platform } from "../platform/mod.ts";
import { decodeAnswer, encodeRequest, PacketDecoder, type Value } from "./esbuild_packet.ts";
import { BUILD_TIMEOUT_MS, limitedEsbuild } from "./esbuild_limits.ts";

/** The version whose packets these are: esbuild says its own first. */
const VERSION = "0.28.2";
/** A process that bundles fewer programs starts esbuild for each. */
const BUILDS_BEFORE_SERVICE = 1;
const IDLE_MS = 10_000;

/** What is bundled. */
export interface BuildRequest {
  /** Options as the command line of esbuild takes them. */
  options: string[];
  /** What would be its standard input. */
  input: string;
  /** The folder that relative paths start from. */
  cwd: string;
}

/** What esbuild makes of it. */
export interface Build {
  bundle: string;
  /** JSON. */
  sourceMap: string;
  metafile: Metafile;
}

/** What esbuild tells of what it has read and written. */
export interface Metafile {
  inputs: Record<string, { imports: Import[] }>;
  outputs: Record<string, { imports: Import[] }>;
}

/** An import as esbuild tells of it. */
export interface Import {
  path: string;
  /** It was left to whoever runs the bundle. */
  external?: boolean;
  kind: string;
}

let builds = 0;
let shared: Promise<EsbuildService> | undefined;

/**
 * Bundles by the service. Undefined where there is none, and for what it could not bundle: esbuild as a command tells
 * why.
 */
export async function buildByService(request: BuildRequest): Promise<Build | undefined> {
  if (builds++ < BUILDS_BEFORE_SERVICE) return undefined;
  try {
    const service = await (shared ??= EsbuildService.start());
    return await service.build(request);
  } catch {
    // One that does not start, or has ended: the next build tries anew.
    shared = undefined;
    return undefined;
  }
}

class EsbuildService {
  readonly #child: Child;
  readonly #waiting = new Map<number, PromiseWithResolvers<Value>>();
  #lastId = 0;
  #lastKey = 0;
  #lastUsedMs = 0;
  #isWatched = false;

  private constructor(child: Child) {
    this.#child = child;
  }

  /** @throws {Error} when it does not start, or is of another version. */
  static async start(): Promise<EsbuildService> {
    const { command, args } = limitedEsbuild([`--service=${VERSION}`], { isService: true });
    const child = await platform.startProgram(command, args, platform.environment());
    const service = new EsbuildService(child);
    const packets = packetsOf(child);
    const { value: first } = await packets.next();
    if (first === undefined || new TextDecoder().decode(first) !== VERSION) {
      child.kill();
      throw new Error("esbuild is of another version");
    }
    service.#receive(packets);
    return service;
  }

  /** @throws {Error} when the service has ended. */
  async build({ options, input, cwd }: BuildRequest): Promise<Build | undefined> {
    const nodePath = platform.env("NODE_PATH");
    const answer = await this.#ask({
      command: "build",
      // Of builds that are under way at once, each has its own.
      key: ++this.#lastKey,
      entries: [],
      flags: options,
      write: false,
      stdinContents: encoder.encode(input),
      stdinResolveDir: cwd,
      absWorkingDir: cwd,
      nodePaths: nodePath ? nodePath.split(":") : [],
      context: false,
    });
    const { outputFiles, metafile } = answer as Record<string, Value>;
    if (!Array.isArray(outputFiles) || metafile === undefined) return undefined;
    const files = outputFiles as { path: string; contents: Uint8Array }[];
    const text = (ending: string) => {
      const file = files.find(({ path }) => path.endsWith(ending));
      return file && decoder.decode(file.contents);
    };
    const [bundle, sourceMap] = [text(".js"), text(".js.map")];
    if (bundle === undefined || sourceMap === undefined) return undefined;
    const told = typeof metafile === "string" ? metafile : decoder.decode(metafile as Uint8Array);
    return { bundle, sourceMap, metafile: JSON.parse(told) };
  }

  async #ask(value: Value): Promise<Value> {
    const id = ++this.#lastId;
    const waiting = Promise.withResolvers<Value>();
    if (this.#waiting.size === 0) this.#child.keepAlive(true);
    this.#waiting.set(id, waiting);
    this.#child.write(encodeRequest(id, value));
    // The others that wait are bundled by the command then.
    const stop = platform.after(BUILD_TIMEOUT_MS, () => this.#child.kill());
    try {
      return await waiting.promise;
    } finally {
      stop();
      this.#waiting.delete(id);
      if (this.#waiting.size === 0) {
        // Whoever has nothing else to do may end.
        this.#child.keepAlive(false);
        this.#lastUsedMs = performance.now();
        this.#endWhenIdle();
      }
    }
  }

  async #receive(packets: AsyncIterable<Uint8Array>): Promise<void> {
    let cause: unknown;
    try {
      for await (const packet of packets) {
        const answer = decodeAnswer(packet);
        if (answer !== undefined) this.#waiting.get(answer.id)?.resolve(answer.value);
      }
    } catch (error) {
      cause = error;
    }
    shared = undefined;
    this.#child.kill();
    const ended = new Error("esbuild's service has ended", { cause });
    for (const { reject } of this.#waiting.values()) reject(ended);
  }

  #endWhenIdle(): void {
    if (this.#isWatched) return;
    this.#isWatched = true;
    platform.after(Math.max(1, this.#lastUsedMs + IDLE_MS - performance.now()), () => {
      this.#isWatched = false;
      if (this.#waiting.size > 0) return;
      if (performance.now() < this.#lastUsedMs + IDLE_MS) return this.#endWhenIdle();
      shared = undefined;
      this.#child.closeInput();
    });
  }
}

async function* packetsOf(child: Child): AsyncGenerator<Uint8Array, undefined> {
  const decoder = new PacketDecoder();
  for await (const bytes of child.output()) yield* decoder.push(bytes);
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
