/**
 * What Capsule needs of the machine, the same under Deno and Node. Deno's own functions are used there:
 * loading its `node:` modules costs more than a whole warm run (19 ms for `node:fs`).
 */
export interface Platform {
  /** The current folder, absolute. */
  cwd(): string;
  /** The arguments of the command line. */
  args(): string[];
  /** Whether the module of this `import.meta` is what the process was started with. */
  isMain(meta: ImportMeta): boolean;
  /** Whether what the process was started with is a file, and does not come from the web. */
  isMainFile(): boolean;
  /** Ends the process. Only `cli.ts` calls it. */
  exit(status: number): never;
  env(name: string): string | undefined;
  /** All environment variables. */
  environment(): Record<string, string>;
  /** What runs this: `Deno 2.9.0`. */
  readonly runtime: string;
  /** The operating system and processor, as npm names them: `linux-x64`. */
  readonly target: string;

  /** The content, or undefined if there is no such file. */
  readFile(path: string): Uint8Array | undefined;
  /** The content, or undefined if there is no such file. */
  readTextFile(path: string): string | undefined;
  /** Whether there is something at a path, links followed. */
  exists(path: string): boolean;
  /** What the file system says of a path, links followed; undefined if there is nothing. */
  stat(path: string): FileStat | undefined;
  /** The names in a folder, or undefined if there is none. */
  readFolder(path: string): string[] | undefined;
  /** The path without links. The path itself if it does not exist. */
  realPath(path: string): string;
  /** The folder of an npm package as a file finds it, given absolute; undefined if it is not installed. */
  packageFolder(name: string, from: string): string | undefined;
  /** Writes a whole file and then gives it its name. `mode` for a new file. */
  replaceFile(path: string, content: Uint8Array | string, mode?: number): void;
  /** Makes a folder and those above it. */
  makeFolder(path: string, mode?: number): void;
  /** A new empty folder inside another. */
  makeTemporaryFolder(parent: string): string;
  /** Removes a file or a folder with all that is in it. */
  remove(path: string): void;

  /**
   * Waits until nobody else holds the lock of this name, in this process or another. Returns what releases
   * it; the end of the process does, too. The file is there only as long as somebody has or wants it.
   */
  lock(path: string): Promise<() => void>;

  /** Gives a file another name, in place of what had it. */
  rename(from: string, to: string): void;
  /** Says who may do what with a file, as `chmod` does. */
  setMode(path: string, mode: number): void;
  /** The user whom this process runs for. */
  userId(): number;
  /** Of this process. */
  readonly processId: number;
  /** Of the process that started this one: another one as soon as that has ended. */
  parentProcessId(): number;
  /** Whether a process of this number runs. */
  isAlive(processId: number): boolean;

  /** Whether the system refused something, as opposed to a fault of the program. */
  isSystemError(error: unknown): boolean;

  /**
   * Calls back once, after a time, unless the returned function is called before. It keeps no process
   * alive.
   */
  after(milliseconds: number, callback: () => void): () => void;

  /**
   * Starts a file of Capsule's own, by the program that runs this process. Nobody else has a say in what it
   * loads: no configuration, packages or lockfile of the current folder, and no options in the environment.
   */
  start(file: string, args: string[], environment: Record<string, string>): Promise<Child>;
  /** Starts a program, in `/`. */
  startProgram(
    path: string,
    args: string[],
    environment: Record<string, string>,
  ): Promise<Child>;

  /** Writes all bytes to standard output (1) or standard error (2). Returns whether somebody reads them. */
  write(descriptor: 1 | 2, bytes: Uint8Array): boolean;
  /** Standard input as it comes. What it gives is valid until the next is asked for. */
  input(): AsyncIterable<Uint8Array>;
  isTerminal(descriptor: 0 | 1 | 2): boolean;
  /** Characters in a line of the terminal; undefined if there is none. */
  columns(): number | undefined;
  /** Calls back on a signal until the returned function is called. */
  onSignal(signal: "SIGINT" | "SIGTERM", callback: () => void): () => void;
}

export interface FileStat {
  isFile: boolean;
  isFolder: boolean;
  /** Tells it from all other files that there are. */
  inode: number;
  size: number;
  /** Milliseconds since 1970. */
  modifiedMs: number;
  /** The user whom it belongs to. */
  owner: number;
  group: number;
  /** Who may do what with it, as in `chmod`. */
  mode: number;
  /** Changes whenever the content may have changed. */
  stamp: string;
}

/** A process that runs. Its standard error is this process's own. */
export interface Child {
  /** Writes to its standard input. What it no longer reads is lost. */
  write(bytes: Uint8Array<ArrayBuffer>): void;
  /** What it writes to its standard output, until it ends. */
  output(): AsyncIterable<Uint8Array>;
  /** Its exit status, or the signal that ended it, as text. */
  readonly ended: Promise<string>;
  /** Closes its standard input. */
  closeInput(): void;
  /** Ends it at once. Nothing, if it has ended. */
  kill(): void;
  /** Whether this process waits for it before it ends by itself: at first, it does. */
  keepAlive(isWanted: boolean): void;
}
