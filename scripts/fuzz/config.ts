/** Damages the configuration of a program: capsule.toml, `.env`, and the options of the API. */
import { run, type RunOptions } from "@capsule/sdk/runner";
import { CapsuleError } from "../../errors/error.ts";
import type { Kind } from "./kind.ts";
import type { Random } from "./random.ts";

const PROGRAM = `import { task } from "@capsule/sdk";
  task({ name: "main", envVariables: ["A", "B"] }, () => process.env.A ?? "absent");`;
/** Codes of errors that bad settings may cause. */
const CODES = [
  ...["invalid_config", "invalid_argument", "invalid_program", "file_not_found", "mount_denied"],
  "task_not_found",
];
const MESSAGE_CHARACTERS_AT_MOST = 5000;
/** Larger files are refused without being read. */
const BYTES_AT_MOST = 64 << 10;

export const config: Kind = {
  cases: 200,
  caseMs: 1000,
  async prepare() {
    const folder = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "capsule-fuzz-" }));
    Deno.mkdirSync(`${folder}/data`);
    await run({ code: PROGRAM, language: "typescript", cwd: folder });
    return {
      try: (random) => damageConfig(random, folder),
      [Symbol.dispose]: () => Deno.removeSync(folder, { recursive: true }),
    };
  },
};

/**
 * Writes settings and runs a program with options. Returns the outcome.
 *
 * @throws If the outcome is not allowed.
 */
async function damageConfig(random: Random, folder: string): Promise<string> {
  const isConfined = random.below(2) === 0;
  write(random, `${folder}/capsule.toml`, toml(random));
  write(random, `${folder}/.env`, env(random));
  const options = {
    code: PROGRAM,
    language: "typescript",
    cwd: folder,
    policy: isConfined ? "none" : "declared",
    ...random.of([{}, {}, oddOptions(random)]),
  } as RunOptions;
  const kind = isConfined ? "confined" : "declared";
  try {
    const { success, result, error, execution } = await run(options);
    if (options.policy === "none" && success && result !== "absent" && !options.env) {
      throw new Error(`a confined program saw ${JSON.stringify(result)}`);
    }
    if (options.policy === "none" && execution.retries > 0) {
      throw new Error(`a confined program was tried again ${execution.retries} times`);
    }
    return `${kind}: ${success ? "ran" : error.error_type}`;
  } catch (error) {
    if (!(error instanceof CapsuleError)) throw error;
    if (error.message.length > MESSAGE_CHARACTERS_AT_MOST) {
      const shown = error.message.slice(0, 100);
      throw new Error(`a message has ${error.message.length} characters: ${shown}`);
    }
    if (!CODES.includes(error.code)) throw error;
    return `${kind}: ${error.code}`;
  }
}

/** Writes a file, or puts something else in its place. */
function write(random: Random, path: string, text: string | undefined): void {
  try {
    Deno.removeSync(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const bytes = text === undefined ? undefined : new TextEncoder().encode(text);
  switch (random.below(24)) {
    case 0:
      return Deno.symlinkSync(random.of(["/dev/zero", path, "none", "/etc/passwd", ".."]), path);
    case 1:
      return Deno.mkdirSync(path);
    case 2: {
      using file = Deno.openSync(path, { create: true, write: true });
      return file.truncateSync(random.of([2 ** 20, 2 ** 30, 2 ** 40]));
    }
  }
  if (bytes === undefined) return;
  Deno.writeFileSync(path, random.below(3) === 0 ? random.damaged(bytes) : bytes);
}

const TABLES: Record<string, string[]> = {
  workflow: ["name", "version", "entrypoint"],
  tasks: [
    ...["compute", "ram", "timeout", "max_retries", "allowed_files", "allowed_hosts"],
    "env_variables",
  ].map((name) => `default_${name}`),
  budget: [
    ...[
      "compute",
      "timeout",
      "tasks_alive",
      "tasks",
      "task_depth",
      "json_size",
      "output_size",
      "handles",
    ],
    ...["requests", "body_size"],
  ],
  limits: ["handles"],
  __proto__: ["compute"],
};

/** Mostly valid settings, with some invalid ones. */
function toml(random: Random): string | undefined {
  if (random.below(6) === 0) return undefined;
  if (random.below(8) === 0) return repeated(random);
  const lines: string[] = [];
  for (let tables = random.below(4); tables >= 0; tables--) {
    const [table, keys] = random.of(Object.entries(TABLES));
    lines.push(random.of([`[${table}]`, `[${table}]`, `["${table}"]`, `[[${table}]]`]));
    for (let count = random.below(4); count > 0; count--) {
      lines.push(`${random.of(keys)} = ${value(random)}`);
    }
  }
  return lines.join("\n");
}

function value(random: Random): string {
  const text = JSON.stringify(repeated(random).slice(0, 5000));
  const known = [
    ...['"LOW"', '"64MB"', '"1.5 GB"', '"30s"', "1", "0", "-1", "2", "1e400", "nan", "inf", "true"],
    ...["9223372036854775807", '"../x"', '"*"', '["a.com"]', '["data"]', "[]", "{}", "1979-05-27"],
    ...['[{ path = "data", mode = "ro", git = "ro" }]', '["A", "B"]', '"main.ts"', "[[1]]"],
  ];
  return random.below(8) === 0 ? text : random.of(known);
}

/** A few characters, repeated many times. */
function repeated(random: Random): string {
  const part = random.of(
    [
      ..."[{(\"'.=#\n \t\\-_:/,~*?$@\0é9a",
      "a.",
      "a=",
      "[a]\n",
      '"""',
      "'''",
      "{a=",
      "\\u0000",
      "é.",
    ],
  );
  const times = random.of([1, 10, 1000, Math.floor(BYTES_AT_MOST / part.length / 2)]);
  return random.of(["", "a", " ", "a = ", "[tasks]\ndefault_ram = "]) + part.repeat(times) +
    random.of(["", "x", '"', "]", "\n"]);
}

function env(random: Random): string | undefined {
  if (random.below(3) === 0) return undefined;
  return random.of(["", "A=1\n", 'A="x\n', "export A=2\n", "__proto__=1\nA=3\n"]) +
    repeated(random);
}

/** Options with invalid values. */
function oddOptions(random: Random): Record<string, unknown> {
  const odd = [null, 5, "", "x", [], {}, [null], { a: 1 }, repeated(random).slice(0, 5000), "\0"];
  const text = () => repeated(random).slice(0, 5000);
  const names = [
    ...["policy", "grants", "limits", "budget", "packages", "mounts", "env", "args", "task", "cwd"],
    ...["isolation", "capture", "stdin", text()],
  ];
  const folder = random.of([
    { path: "data", mode: "ro", git: random.of(odd) },
    { path: "data", as: text() },
    { path: text() },
    text(),
  ]);
  const grants = [
    { allowedHosts: [text()] },
    { allowedFiles: [folder] },
    { envVariables: random.of([["A"], [text()]]) },
    { [text()]: [] },
  ];
  const limit = random.of(["compute", "ram", "timeout", "maxRetries", text()]);
  const limits = { [limit]: random.of([...odd, "LOW", "512MB", "30s", 2, -1, 1e400, 1.5]) };
  const options = [
    { grants: random.of(grants) },
    { limits },
    { mounts: [text()] },
    { [random.of(names)]: random.of(odd) },
  ];
  return random.of(options);
}
