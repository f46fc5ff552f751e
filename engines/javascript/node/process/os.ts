/** `node:os`: the same machine for every program, which reveals nothing about the host. */

const errno = {
  E2BIG: 7,
  EACCES: 13,
  EAGAIN: 11,
  EBADF: 9,
  EBUSY: 16,
  ECANCELED: 125,
  ECONNREFUSED: 111,
  ECONNRESET: 104,
  EDQUOT: 122,
  EEXIST: 17,
  EFBIG: 27,
  EHOSTUNREACH: 113,
  EILSEQ: 84,
  EINTR: 4,
  EINVAL: 22,
  EIO: 5,
  EISDIR: 21,
  ELOOP: 40,
  EMFILE: 24,
  EMLINK: 31,
  ENAMETOOLONG: 36,
  ENOENT: 2,
  ENOMEM: 12,
  ENOSPC: 28,
  ENOSYS: 38,
  ENOTDIR: 20,
  ENOTEMPTY: 39,
  ENOTSUP: 95,
  EOVERFLOW: 75,
  EPERM: 1,
  EPIPE: 32,
  EROFS: 30,
  ESPIPE: 29,
  ETIMEDOUT: 110,
  ETXTBSY: 26,
  EXDEV: 18,
};
const signals = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGKILL: 9,
  SIGUSR1: 10,
  SIGSEGV: 11,
  SIGUSR2: 12,
  SIGPIPE: 13,
  SIGALRM: 14,
  SIGTERM: 15,
};
const MEMORY_BYTES = 4 * 2 ** 30;

/** The folder for temporary files: the first one that the task may write to. */
let temporaryFolder = "/tmp";

/** Sets the folders that the task may write to. */
export function setWritableFolders(folders: string[]): void {
  temporaryFolder = folders[0] ?? "/tmp";
}

const os = {
  arch: () => "wasm32",
  availableParallelism: () => 1,
  constants: { errno, signals, priority: {}, dlopen: {}, UV_UDP_REUSEADDR: 4 },
  cpus:
    () => [{ model: "sandbox", speed: 0, times: { user: 0, nice: 0, sys: 0, idle: 0, irq: 0 } }],
  devNull: "/dev/null",
  endianness: () => "LE" as const,
  EOL: "\n",
  freemem: () => MEMORY_BYTES,
  getPriority: () => 0,
  homedir: () => "/",
  hostname: () => "sandbox",
  loadavg: () => [0, 0, 0],
  machine: () => "wasm32",
  networkInterfaces: () => ({}),
  platform: () => "linux" as const,
  release: () => "1.0.0",
  setPriority: () => {},
  tmpdir: () => temporaryFolder,
  totalmem: () => MEMORY_BYTES,
  type: () => "Linux",
  uptime: () => performance.now() / 1000,
  userInfo: () => ({ uid: 1000, gid: 1000, username: "sandbox", homedir: "/", shell: null }),
  version: () => "1.0.0",
};

export default os;
