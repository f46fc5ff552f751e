/**
 * esbuild as a process that stays, which bundles what it is handed: each import that it finds is asked for, and so is each
 * text. It ends when it was not needed for some seconds, and keeps no process alive.
 */
import { type Child, platform } from "../../../platform/mod.ts";
import { decodePacket, encodePacket, joined, PacketDecoder, type Value } from "./packet.ts";
import { BUILD_TIMEOUT_MS, limitedEsbuild } from "./limits.ts";

/** The version whose packets these are: esbuild says its own first. */
const VERSION = "0.28.2";
const IDLE_MS = 10_000;
const PLUGIN = "capsule";

/** What is bundled. */
export interface BuildRequest {
  /** Options as the command line of esbuild takes them. */
  options: string[];
  /** The text of the entry, which has no namespace. */
  input: string;
  modules: Modules;
}

/** Where esbuild has all modules but the entry from. */
export interface Modules {
  /** Names under which modules are loaded: esbuild reads no file of any of these. */
  namespaces: string[];
  resolve(request: ResolveRequest): Promise<Resolved>;
  load(request: LoadRequest): Promise<Loaded>;
}

/** An import that esbuild has found. */
export interface ResolveRequest {
  path: string;
  /** Who imports it. The entry has no namespace. */
  importer: string;
  namespace: string;
  kind: string;
}

/** What an import means. Without a path and a problem, nothing: the build fails, unless the program can do without. */
export interface Resolved {
  path?: string;
  namespace?: string;
  /** Behind the path. */
  suffix?: string;
  /** It is left to whoever runs the bundle. */
  external?: boolean;
  sideEffects?: boolean;
  problem?: string;
}

export interface LoadRequest {
  path: string;
  namespace: string;
  /** The attributes of the import. */
  with: Record<string, string>;
}

export type Loaded = { contents: Uint8Array; loader: string } | { problem: string };

/** What esbuild makes of it. */
export interface Build {
  errors: Message[];
  bundle: string;
  /** JSON. */
  sourceMap: string;
}

/** What is wrong with a program. */
export interface Message {
  text: string;
  /** It is what `modules` said. */
  isOurs: boolean;
  location: Location | undefined;
  notes: { text: string; location: Location | undefined }[];
}

/** A place in a module. */
export interface Location {
  file: string;
  /** From 1. */
  line: number;
  /** In bytes, from 0. */
  column: number;
  length: number;
  lineText: string;
  suggestion: string;
}

/**
 * esbuild turns Go's collector off for its command, but not for a service: it took a third of a first build. With a limit
 * it collects when that much is in use.
 */
const GO_ENVIRONMENT = { GOGC: "off", GOMEMLIMIT: "256MiB" };

/**
 * What a program may hand to the service that all share. The time that esbuild takes to read one text grows with the square
 * of its length, and it reads nothing of others meanwhile.
 */
const SHARED_BYTES_AT_MOST = 4 << 20;

let shared: Promise<EsbuildService> | undefined;
/** The last of the large programs, which are bundled one after the other. */
let large: Promise<unknown> = Promise.resolve();

/**
 * Bundles a program. A service that ends meanwhile, for whatever reason, is replaced once. A large program has a service
 * of its own.
 *
 * @throws {Error} when esbuild ends again, or takes too long.
 */
export async function buildByService(request: BuildRequest): Promise<Build> {
  try {
    return await withService((service) => service.build(request, SHARED_BYTES_AT_MOST));
  } catch (error) {
    if (!(error instanceof TooLarge)) throw error;
  }
  const build = large.then(() => buildAlone(request));
  large = build.catch(() => {});
  return await build;
}

async function buildAlone(request: BuildRequest): Promise<Build> {
  const service = await EsbuildService.start({ isShared: false });
  try {
    return await service.build(request, Infinity);
  } finally {
    service.end();
  }
}

/** What esbuild's command shows of errors. */
export async function formatMessages(messages: Message[]): Promise<string[]> {
  return await withService((service) => service.format(messages));
}

/** Whoever took too long would do so again. */
class TimedOut extends Error {}

/** Others would wait for a program. */
class TooLarge extends Error {}

async function withService<T>(use: (service: EsbuildService) => Promise<T>): Promise<T> {
  for (let attempt = 1;; attempt++) {
    let service: EsbuildService | undefined;
    try {
      service = await (shared ??= EsbuildService.start({ isShared: true }));
      return await use(service);
    } catch (error) {
      if (service === undefined) shared = undefined;
      if (attempt > 1 || service?.hasEnded === false || error instanceof TimedOut) throw error;
    }
  }
}

/** A build that is under way. */
interface Building {
  modules: Modules;
  /** What it may still be handed. */
  bytesLeft: number;
}

/** Whoever has asked something. */
interface Waiting {
  resolve(value: Value): void;
  reject(error: Error): void;
}

class EsbuildService {
  readonly #child: Child;
  readonly #waiting = new Map<number, Waiting>();
  readonly #builds = new Map<number, Building>();
  readonly #isShared: boolean;
  #lastId = 0;
  #lastKey = 0;
  #lastUsedMs = 0;
  #isWatched = false;
  hasEnded = false;

  private constructor(child: Child, isShared: boolean) {
    this.#child = child;
    this.#isShared = isShared;
  }

  /** @throws {Error} when it does not start, or is of another version. */
  static async start({ isShared }: { isShared: boolean }): Promise<EsbuildService> {
    // To ping, it needs a clock, and takes the descriptors of that at once.
    const { command, args } = limitedEsbuild([`--service=${VERSION}`, "--ping"]);
    // Nothing of the host's environment is for it.
    const child = await platform.startProgram(command, args, GO_ENVIRONMENT);
    const service = new EsbuildService(child, isShared);
    const packets = packetsOf(child);
    const { value: first } = await packets.next();
    if (first?.[0] === undefined || decoder.decode(first[0]) !== VERSION) {
      child.kill();
      throw new Error("esbuild does not start, or is of another version");
    }
    child.keepAlive(false);
    service.#receive(packets);
    return service;
  }

  /** @throws {Error} when the service ends; {@link TooLarge} for a program of more bytes. */
  async build({ options, input, modules }: BuildRequest, bytesAtMost: number): Promise<Build> {
    const stdinContents = encoder.encode(input);
    const building = { modules, bytesLeft: bytesAtMost - stdinContents.length };
    if (building.bytesLeft < 0) throw new TooLarge();
    // Of builds that are under way at once, each has its own.
    const key = ++this.#lastKey;
    this.#builds.set(key, building);
    try {
      const answer = await this.#ask({
        command: "build",
        key,
        entries: [],
        flags: options,
        write: false,
        stdinContents,
        // Without a folder to resolve in, it looks for nothing itself.
        absWorkingDir: "/",
        nodePaths: [],
        context: false,
        plugins: [{
          name: PLUGIN,
          onStart: false,
          onEnd: false,
          onResolve: [{ id: 0, filter: ".*", namespace: "" }],
          // Files are not loaded otherwise either: nothing resolves to one.
          onLoad: ["file", ...modules.namespaces].map((namespace) => ({
            id: 0,
            filter: ".*",
            namespace,
          })),
        }],
      }) as Record<string, Value>;
      if (building.bytesLeft < 0) throw new TooLarge();
      if (typeof answer.error === "string") throw new Error(answer.error);
      const files = (answer.outputFiles ?? []) as { path: string; contents: Uint8Array }[];
      const text = (ending: string) => {
        const file = files.find(({ path }) => path.endsWith(ending));
        return file === undefined ? "" : decoder.decode(file.contents);
      };
      const errors = (answer.errors as Record<string, Value>[]).map(messageOf);
      return { errors, bundle: text(".js"), sourceMap: text(".js.map") };
    } finally {
      this.#builds.delete(key);
    }
  }

  async format(messages: Message[]): Promise<string[]> {
    const answer = await this.#ask({
      command: "format-msgs",
      messages: messages.map(valueOf),
      isWarning: false,
      color: false,
    });
    return ((answer as Record<string, Value>).messages ?? []) as string[];
  }

  async #ask(value: Value): Promise<Value> {
    if (this.hasEnded) throw new Error("esbuild's service has ended");
    const id = ++this.#lastId;
    const waiting = {} as Waiting;
    const answered = new Promise<Value>((resolve, reject) =>
      Object.assign(waiting, { resolve, reject })
    );
    if (this.#waiting.size === 0) this.#child.keepAlive(true);
    this.#waiting.set(id, waiting);
    this.#child.write(encodePacket({ id, isAnswer: false, value }));
    // The others that wait are bundled by the next service then.
    const stop = platform.after(BUILD_TIMEOUT_MS, () => {
      waiting.reject(new TimedOut("esbuild takes too long"));
      this.#child.kill();
    });
    try {
      return await answered;
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

  async #receive(packets: AsyncIterable<Uint8Array[]>): Promise<void> {
    let cause: unknown;
    try {
      for await (const some of packets) {
        const answers: Promise<Uint8Array<ArrayBuffer>>[] = [];
        for (const packet of some) {
          const { id, isAnswer, value } = decodePacket(packet);
          if (isAnswer) this.#waiting.get(id)?.resolve(value);
          else answers.push(this.#answer(id, value as Record<string, Value>));
        }
        // What is asked for at once is answered at once: each write costs as much as an answer.
        if (answers.length === 1) this.#child.write(await answers[0]!);
        else if (answers.length > 1) this.#child.write(joined(await Promise.all(answers)));
      }
    } catch (error) {
      cause = error;
    }
    this.hasEnded = true;
    if (this.#isShared) shared = undefined;
    this.#child.kill();
    const ended = new Error("esbuild's service has ended", { cause });
    for (const { reject } of this.#waiting.values()) reject(ended);
  }

  async #answer(id: number, request: Record<string, Value>): Promise<Uint8Array<ArrayBuffer>> {
    const building = this.#builds.get(request.key as number);
    let value: Value = {};
    if (request.command === "on-start") {
      value = { errors: [], warnings: [] };
    } else if (building !== undefined) {
      try {
        value = request.command === "on-resolve"
          ? valueOfResolved(await building.modules.resolve(request as unknown as ResolveRequest))
          : valueOfLoaded(await load(building, request as unknown as LoadRequest));
      } catch (error) {
        value = { id: 0, errors: [problem(error instanceof Error ? error.message : `${error}`)] };
      }
    }
    return encodePacket({ id, isAnswer: true, value });
  }

  /** Ends it at once. */
  end(): void {
    this.#child.kill();
  }

  #endWhenIdle(): void {
    if (this.#isWatched || !this.#isShared) return;
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

/** A module, unless it is more than the build may be handed: then nothing of it is needed any more. */
async function load(building: Building, request: LoadRequest): Promise<Loaded> {
  const tooLarge = { problem: "the program is too large" };
  if (building.bytesLeft < 0) return tooLarge;
  const loaded = await building.modules.load(request);
  if ("contents" in loaded) building.bytesLeft -= loaded.contents.length;
  return building.bytesLeft < 0 ? tooLarge : loaded;
}

function valueOfResolved({ problem: text, ...resolved }: Resolved): Value {
  return text === undefined ? { id: 0, ...resolved } : { id: 0, errors: [problem(text)] };
}

function valueOfLoaded(loaded: Loaded): Value {
  return "problem" in loaded
    ? { id: 0, errors: [problem(loaded.problem)] }
    : { id: 0, contents: loaded.contents, loader: loaded.loader };
}

/** Without a place: esbuild adds that of the import. */
function problem(text: string): Value {
  return { id: "", pluginName: "", text, location: null, notes: [], detail: 0 };
}

function messageOf(value: Record<string, Value>): Message {
  const location = (value: Value) => (value ?? undefined) as unknown as Location | undefined;
  const notes = value.notes as Record<string, Value>[];
  return {
    text: value.text as string,
    isOurs: value.pluginName === PLUGIN,
    location: location(value.location!),
    notes: notes.map((note) => ({ text: note.text as string, location: location(note.location!) })),
  };
}

function valueOf({ text, location, notes }: Message): Value {
  const place = (location: Location | undefined): Value =>
    location === undefined ? null : { ...location, namespace: "file" };
  return {
    id: "",
    pluginName: "",
    text,
    location: place(location),
    notes: notes.map((note) => ({ text: note.text, location: place(note.location) })),
    detail: 0,
  };
}

/** Those that end with each part of the stream. */
async function* packetsOf(child: Child): AsyncGenerator<Uint8Array[], undefined> {
  const decoder = new PacketDecoder();
  for await (const bytes of child.output()) yield [...decoder.push(bytes)];
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
