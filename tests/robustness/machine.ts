/**
 * Machines that are unkind: each run of the command has mounts of its own, a user and an environment. Deno gets what
 * it needs, so that Capsule is what is tested.
 */
import { CACHE, type Project, project, ROOT } from "../support/support.ts";

/** A user whom nothing belongs to. */
export const OTHER_USER = 65534;

/** Both languages, and what their programs print. */
export const PROGRAMS: [string, string][] = [
  ["hello.ts", "Hello from TypeScript\n"],
  ["hello.py", "Hello from Python\n"],
];

const FILES = {
  "hello.ts":
    `import { task } from "@capsule/sdk";\ntask({ name: "main" }, () => "Hello from TypeScript");`,
  "hello.py": 'def main(): return "Hello from Python"',
};

/** A run of the command. */
export interface Surroundings {
  /** Variables, and no others than these but PATH. */
  env?: Record<string, string>;
  /** A shell script that root runs before, on mounts of the run's own, in the folder of the machine. */
  setup?: string;
  /** Who runs the command: root by default. */
  user?: number;
  /** Other arguments than `run FILE`. */
  args?: string[];
  /** Limits, as `ulimit` takes them. */
  limits?: string;
}

export interface Outcome {
  status: number;
  stdout: string;
  stderr: string;
}

/** A machine: `project` in it holds the programs, `warm` the cache with the engines, as root left it. */
export class Machine {
  readonly #folder: Project;

  constructor() {
    this.#folder = project();
    Deno.chmodSync(this.path, 0o755);
    for (const name of ["project", "home", "deno", "app"]) Deno.mkdirSync(`${this.path}/${name}`);
    for (const name of ["project", "home", "deno"]) {
      Deno.chownSync(`${this.path}/${name}`, OTHER_USER, OTHER_USER);
    }
    for (const [name, content] of Object.entries(FILES)) {
      this.#folder.write(`project/${name}`, content);
    }
    Deno.mkdirSync(`${this.path}/warm`, { mode: 0o755 });
    for (const { name, isFile } of Deno.readDirSync(CACHE)) {
      if (!isFile || !/\.(?:cwasm|base)(?:\.seal)?$/.test(name)) continue;
      const copy = `${this.path}/warm/${name}`;
      Deno.copyFileSync(`${CACHE}/${name}`, copy);
      const { mtime } = Deno.statSync(`${CACHE}/${name}`);
      // As in the layers of a container, which keep whole seconds.
      const time = new Date(Math.floor(mtime!.getTime() / 1000) * 1000);
      Deno.utimeSync(copy, time, time);
      Deno.chmodSync(copy, 0o644);
    }
  }

  get path(): string {
    return this.#folder.path;
  }

  /** Runs the command. */
  async run(file: string, surroundings: Surroundings): Promise<Outcome> {
    const { env = {}, setup = "", user = 0, args = ["run", file], limits = "" } = surroundings;
    const script = `
      mount --bind '${ROOT}' app
      ${setup}
      cd project
      ${limits && `ulimit ${limits}`}
      exec "$@"`;
    const variables = {
      PATH: "/usr/bin:/bin",
      NO_COLOR: "1",
      DENO_DIR: `${this.path}/deno`,
      DENO_NO_UPDATE_CHECK: "1",
      ...env,
    };
    const deno = Deno.execPath().replace(ROOT, `${this.path}/app/`);
    const command = new Deno.Command("unshare", {
      args: [
        ...["--mount", "sh", "-euc", script, "sh"],
        ...["setpriv", `--reuid=${user}`, `--regid=${user}`, "--clear-groups"],
        ...[deno, "run", "-A", "--quiet", "--no-config", "--no-lock"],
        ...[`${this.path}/app/dist/cli.js`, ...args],
      ],
      cwd: this.path,
      clearEnv: true,
      env: variables,
      stdin: "null",
    });
    const { code, stdout, stderr } = await command.output();
    const [out, error] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    return { status: code, stdout: out!, stderr: error! };
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }
}

/** Whether this process may make such machines: it is root, and mounts are permitted. Else a test says that it is ignored. */
export function canMakeMachines(): boolean {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return false;
  try {
    const args = ["--mount", "sh", "-c", "mount -t tmpfs tmpfs /mnt && setpriv --reuid=65534 true"];
    return new Deno.Command("unshare", { args, stdout: "null", stderr: "null" }).outputSync()
      .success;
  } catch {
    return false;
  }
}
