/** The native library, as the rest of Capsule sees it: requests in, events out. No pointers. */

/** The language of a program. */
export type Language = "javascript" | "python";

/** An engine's component. */
export interface EngineSource {
  path: string;
  /** SHA-256 in hexadecimal. */
  digest: string;
  /** Where its memory lies: what `engines/merge` has found, for the native library. */
  shape: unknown;
}

export interface RuntimeConfig {
  /** Belongs to this user alone. Machine code and images are kept there. */
  /** Without one, nothing is kept. */
  cache_folder?: string | undefined;
  /** Why there is none. */
  cache_problem?: string | undefined;
  engines: Partial<Record<Language, EngineSource>>;
  /** The engine that will be wanted first: it is opened at once, while the host prepares a program. */
  wanted?: Language | undefined;
  /** Files of certificates, PEM: the first that exists says whom https trusts. */
  certificates?: string[];
}

/** A file of a program. */
export interface ProgramFile {
  /** As the user knows it: stack traces show it. */
  path: string;
  data: Uint8Array;
}

/** A program that comes as a component. */
export interface NativeComponent {
  path: string;
  /** SHA-256 of the file without its last 32 bytes, in hexadecimal. */
  digest: string;
  /** What lies before Capsule's own sections. */
  engineBytes: number;
  /** Whether it has that digest: it was looked at before, and did not change. */
  isChecked: boolean;
}

export interface LoadRequest {
  language: Language;
  /** The first is the program itself. None, if it comes as a component. */
  files: ProgramFile[];
  component?: NativeComponent | undefined;
  sourceMap?: Uint8Array | undefined;
  /** A digest of the program, in hexadecimal. With one, its image is kept for the next process. */
  key?: string | undefined;
  /** Folders of packages, which all of the program may read. */
  packages?: FolderGrant[];
  limits?: Partial<NativeLimits> | undefined;
  /** Of its top-level code. Its image is not kept then. */
  fixed?: NativeFixed | undefined;
}

/** Random bytes and time that are not the host's. */
export interface NativeFixed {
  seed?: number;
  /** Milliseconds since 1970. */
  now_ms?: number;
}

/** What a run may use, whatever its tasks may. */
export interface NativeLimits {
  /** Units of fuel that all tasks together may use. */
  fuel: number;
  /** From the start of the first task to the end of the last. */
  timeout_ms: number;
  /** Of all tasks together that are alive. */
  ram_bytes: number;
  tasks_alive: number;
  tasks_total: number;
  task_depth: number;
  /** Of arguments and of a result, as JSON. */
  json_bytes: number;
  /** Of one task. */
  output_bytes: number;
  /** Operations that a task may have open. */
  handles: number;
  /** Of a task, to hosts. */
  requests: number;
  /** Of one response. */
  body_bytes: number;
}

/** What one task may use. */
export interface TaskPolicy {
  fuel: number;
  memory_bytes: number | null;
  timeout_ms: number | null;
  max_retries: number;
  /** The environment variables that it sees. */
  env?: Record<string, string>;
  /** The folders that it may touch. */
  folders?: FolderGrant[];
  /** The hosts that it may ask for something. */
  hosts?: HostRule[];
  /** The hosts that it declares and was not given; absent where it gets what it declares. */
  withheld_hosts?: HostRule[];
}

/** Hosts that a task may reach. What is null may be any. */
export interface HostRule {
  scheme: string | null;
  /** In lower case and ASCII, without brackets. */
  host: string | null;
  /** It stands for all names that end in it, and not for itself. */
  subdomains: boolean;
  port: number | null;
}

/** A folder, where the guest sees it. */
export interface FolderGrant {
  /** Absolute, without links. */
  host: string;
  /** Absolute. */
  guest: string;
  read_only: boolean;
}

export interface GrantRequest {
  program: number;
  /** By name, for every task of the program. */
  policies: Record<string, TaskPolicy>;
  limits?: Partial<NativeLimits> | undefined;
  /** What all tasks use and never have. */
  secrets?: NativeSecret[];
}

/** A value that the host puts into headers, in the place of what guests have. */
export interface NativeSecret {
  /** The variable that it is called by. */
  name: string;
  placeholder: string;
  value: string;
  /** The hosts that it may be sent to. */
  hosts: HostRule[];
  /** The headers that it may stand in, in lower case. */
  headers: string[];
}

export interface RunRequest {
  grant: number;
  task: string;
  /** `{"args": […]}`, with `"kwargs": {…}` for Python. */
  input: { json: string; bytes: Uint8Array };
  /** Whether somebody wants to hear of each task. */
  observe: boolean;
  /** What each task may use at most, where that is less than its policy says. */
  ceiling?: TaskCeiling | undefined;
  /** Whether the envelope shall tell what was written to the outputs. */
  capture?: boolean;
  /** What the task reads from standard input: each character is a byte. */
  stdin?: string | undefined;
  fixed?: NativeFixed | undefined;
}

/** Limits of one call, which only lower those of policies. */
export interface TaskCeiling {
  fuel?: number | undefined;
  memory_bytes?: number | undefined;
  timeout_ms?: number | undefined;
  max_retries?: number | undefined;
}

/** A failure as the native library tells of it. */
export interface NativeFailure {
  error_type: string;
  message: string;
  stack?: string;
}

/** What happened. Ids of programs and runs are those that `load` and `submit` returned. */
export type NativeEvent =
  | { event: "program_loading"; language: Language }
  | { event: "engine_compiling"; language: Language }
  | { event: "engine_compiled"; language: Language; duration_ms: number }
  | { event: "cache_unavailable"; reason: string }
  | { event: "program_loaded"; program: number; payload: Uint8Array }
  | { event: "program_failed"; program: number; payload: Uint8Array }
  | { event: "task_started"; run: number; task: number; parent: number | null; name: string }
  | { event: "output"; run: number; task: number; descriptor: number; payload: Uint8Array }
  | {
    event: "task_retried";
    run: number;
    task: number;
    attempt: number;
    attempt_ms: number;
    fuel_consumed: number;
    ram_used: number;
    error_type: string;
    message: string;
  }
  | {
    event: "task_finished";
    run: number;
    task: number;
    name: string;
    duration_ms: number;
    retries: number;
    fuel_consumed: number;
    ram_used: number;
    error_type: string | null;
    message: string | null;
  }
  /** The payload is the envelope; `bytes` those that it has placeholders for, if there are any. */
  | { event: "run_finished"; run: number; payload: Uint8Array; bytes?: Uint8Array };

/** One runtime of the native library. */
export interface NativeRuntime {
  /** Limits the memory of all runs of this process, from now on. */
  limitRam(bytes: number): void;
  /** Begins to load a program. Returns its id. */
  load(request: LoadRequest): number;
  /** A loaded program as a component: its engine with the program in its memory. */
  component(program: number): Promise<Uint8Array>;
  /** Fixes what the tasks of a program may do. Returns the id of that; it goes with the program. */
  grant(request: GrantRequest): number;
  /** Forgets a program and its grants. Runs of it that are under way go on. */
  unload(program: number): void;
  /** Begins a run. Returns its id. */
  submit(request: RunRequest): number;
  /** Ends a run; its envelope says so. */
  cancel(run: number): void;
  /** Waits for events. Undefined once the runtime is closed. */
  nextEvents(): Promise<NativeEvent[] | undefined>;
  /** Ends all runs. May be called again. */
  close(): void;
}

/** Cuts a batch into its events. Payloads are copies: the batch may be freed. */
export function decodeEvents(batch: Uint8Array): NativeEvent[] {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
  const events: NativeEvent[] = [];
  let offset = 0;
  while (offset < batch.length) {
    const headerEnd = offset + 8 + view.getUint32(offset, true);
    const payloadEnd = headerEnd + view.getUint32(offset + 4, true);
    const header = JSON.parse(decoder.decode(batch.subarray(offset + 8, headerEnd)));
    const { json_bytes: jsonBytes } = header;
    const bytesAt = jsonBytes === undefined ? payloadEnd : headerEnd + jsonBytes;
    header.payload = batch.slice(headerEnd, bytesAt);
    if (bytesAt < payloadEnd) header.bytes = batch.slice(bytesAt, payloadEnd);
    events.push(header);
    offset = payloadEnd;
  }
  return events;
}

/** The JSON and the payload of a load request, as the ABI takes them. */
export function encodeLoad(request: LoadRequest): { json: string; payload: Uint8Array } {
  const { language, files, component, sourceMap = new Uint8Array(0), key, packages } = request;
  const { limits, fixed } = request;
  const total = files.reduce((sum, file) => sum + file.data.length, sourceMap.length);
  const payload = new Uint8Array(total);
  let offset = 0;
  for (const data of [...files.map((file) => file.data), sourceMap]) {
    payload.set(data, offset);
    offset += data.length;
  }
  const json = JSON.stringify({
    language,
    files: files.map((file) => ({ path: file.path, bytes: file.data.length })),
    component: component && {
      path: component.path,
      digest: component.digest,
      engine_bytes: component.engineBytes,
      is_checked: component.isChecked,
    },
    source_map_bytes: sourceMap.length,
    key,
    packages,
    limits,
    fixed,
  });
  return { json, payload };
}

const decoder = new TextDecoder();
