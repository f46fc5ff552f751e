/**
 * The system functions that Capsule uses, under Deno and Node. Under Deno they do not use `node:` modules, because
 * loading those takes longer than a whole run.
 */
export interface Platform {
  /** The absolute working directory. */
  cwd(): string;
  /** The arguments of the command line. */
  args(): string[];
  /** Whether the module of this `import.meta` is the main module. */
  isMain(meta: ImportMeta): boolean;
  /** Whether the main module is a local file, and not from the web. */
  isMainFile(): boolean;
  /** Ends the process. Only `cli.ts` calls it. */
  exit(status: number): never;
  env(name: string): string | undefined;
  /** All environment variables. */
  environment(): Record<string, string>;
  /** Name and version of the runtime: `Deno 2.9.0`. */
  readonly runtime: string;
  /** Operating system and processor, with npm's names: `linux-x64`. */
  readonly target: string;

  /** The content, or undefined if there is no such file. */
  readFile(path: string): Uint8Array | undefined;
  /** The content, or undefined if there is no such file. */
  readTextFile(path: string): string | undefined;
  /** Whether a path exists. Follows links. */
  exists(path: string): boolean;
  /** The metadata of a path, or undefined if it does not exist. Follows links. */
  stat(path: string): FileStat | undefined;
  /** The names in a folder, or undefined if the folder does not exist. */
  readFolder(path: string): string[] | undefined;
  /** The path with links resolved, or unchanged if it does not exist. */
  realPath(path: string): string;
  /** The folder of an npm package, as resolved from an absolute file path; undefined if it is not installed. */
  packageFolder(name: string, from: string): string | undefined;
  /** Writes a file under a temporary name, then renames it, so that no reader sees a part of it. */
  replaceFile(path: string, content: Uint8Array | string, mode?: number): void;
  /** Creates a folder and its parents. */
  makeFolder(path: string, mode?: number): void;
  /** Creates a new empty folder inside another. */
  makeTemporaryFolder(parent: string): string;
  /** Removes a file, or a folder with its content, if it exists. */
  remove(path: string): void;

  /**
   * Waits for the lock of this name, which this process or another may hold. Returns a function that releases it; the end
   * of the process also does. The lock's file is removed when it is released.
   */
  lock(path: string): Promise<() => void>;

  /** Renames a file, replacing an existing one. */
  rename(from: string, to: string): void;
  /** Sets the permissions of a file, like `chmod`. */
  setMode(path: string, mode: number): void;
  /** The effective user ID of this process. */
  userId(): number;
  /** The ID of this process. */
  readonly processId: number;
  /** The ID of the parent process. It changes when the parent ends. */
  parentProcessId(): number;
  /** Whether a process with this ID is running. */
  isAlive(processId: number): boolean;

  /** Whether an error comes from the operating system, and not from a bug. */
  isSystemError(error: unknown): boolean;

  /**
   * Calls back once after a time, unless the returned function is called first. Does not keep the process alive.
   */
  after(milliseconds: number, callback: () => void): () => void;

  /**
   * Starts one of Capsule's own files with the runtime of this process. It ignores configuration, packages and lockfile of
   * the working directory, and runtime options in the environment.
   */
  start(file: string, args: string[], environment: Record<string, string>): Promise<Child>;
  /** Starts a program with `/` as its working directory. */
  startProgram(
    path: string,
    args: string[],
    environment: Record<string, string>,
  ): Promise<Child>;

  /** Writes all bytes to standard output (1) or standard error (2). Returns false if the pipe is closed. */
  write(descriptor: 1 | 2, bytes: Uint8Array): boolean;
  /** Chunks of standard input. Each is valid until the next one is requested. */
  input(): AsyncIterable<Uint8Array>;
  isTerminal(descriptor: 0 | 1 | 2): boolean;
  /** The width of the terminal; undefined if there is none. */
  columns(): number | undefined;
  /** Calls back on a signal until the returned function is called. */
  onSignal(signal: "SIGINT" | "SIGTERM", callback: () => void): () => void;
}

export interface FileStat {
  isFile: boolean;
  isFolder: boolean;
  /** Identifies the file among all existing files. */
  inode: number;
  size: number;
  /** Milliseconds since 1970. */
  modifiedMs: number;
  /** The user ID of the owner. */
  owner: number;
  group: number;
  /** Permissions, as in `chmod`. */
  mode: number;
  /** Changes whenever the content may have changed. */
  stamp: string;
}

/** A child process. It inherits this process's standard error. */
export interface Child {
  /** Writes to its standard input. Ignored, once that is closed. */
  write(bytes: Uint8Array<ArrayBuffer>): void;
  /** Its standard output, until the process ends. */
  output(): AsyncIterable<Uint8Array>;
  /** Resolves when it ends, with its exit code or signal as text. */
  readonly ended: Promise<string>;
  /** Closes its standard input. */
  closeInput(): void;
  /** Kills it, if it is still running. */
  kill(): void;
  /** Sets whether it keeps this process alive. By default it does. */
  keepAlive(isWanted: boolean): void;
}
