/** Looks up the values of environment variables. */
import { CapsuleError } from "../../errors/error.ts";
import { invalidArgument } from "../../errors/invalid.ts";
import { platform } from "../../platform/mod.ts";
import { readSettings } from "./project.ts";
import { clipped } from "../../errors/clipped.ts";

/**
 * The files beside `capsule.toml` whose variables count; the later one wins, and the process's own environment wins over
 * all. `.env.production` has to be asked for: no test on a developer's machine should get what it holds.
 *
 * @param mode `NODE_ENV`.
 */
function filesFor(mode = "development"): string[] {
  // A closed list: the mode is no part of a path.
  const ofMode = ["development", "production"].includes(mode) ? [`.env.${mode}`] : [];
  return [".env", ...ofMode, ".env.local"];
}

/** Gives the value of a variable of the process that a program runs for. */
export type Variables = (name: string) => string | undefined;

/** Looks up environment variables for the tasks of a project. None is ever set in this process. */
export class Environment {
  readonly #root: string | undefined;
  readonly #given: Record<string, string>;
  readonly #own: Variables;
  #files: Record<string, string> | undefined;

  /**
   * @param root Of the project whose files count, if any do.
   * @param given Variables that win over all others.
   * @param own The process's own.
   * @throws {CapsuleError} `invalid_argument` for a value that no environment can hold.
   */
  constructor(
    root: string | undefined,
    given: Record<string, string> = {},
    own: Variables = platform.env,
  ) {
    checkVariables(given);
    this.#root = root;
    this.#given = given;
    this.#own = own;
  }

  /** The values of those variables that exist. */
  async pick(names: string[]): Promise<Record<string, string>> {
    const picked: Record<string, string> = {};
    for (const name of names) {
      const value = this.#fromProcess(name) ?? await this.#fromFiles(name);
      if (value !== undefined) picked[name] = value;
    }
    return picked;
  }

  #fromProcess(name: string): string | undefined {
    return Object.hasOwn(this.#given, name) ? this.#given[name] : this.#own(name);
  }

  async #fromFiles(name: string): Promise<string | undefined> {
    const root = this.#root;
    this.#files ??= root === undefined
      ? {}
      : await readFiles(root, filesFor(this.#fromProcess("NODE_ENV") || undefined));
    return Object.hasOwn(this.#files, name) ? this.#files[name] : undefined;
  }
}

/**
 * Checks that an environment can hold the values.
 *
 * @throws {CapsuleError} `invalid_argument`, naming the first that it cannot hold; or if this is not an object.
 */
export function checkVariables(given: Record<string, string>): void {
  // Node's own environment is no plain object. Of a map, no variable would win over the process's own.
  if (Object.prototype.toString.call(given) !== "[object Object]") {
    throw invalidArgument("env", { expected: "an object of strings" });
  }
  for (const [name, value] of Object.entries(given)) {
    if (typeof value === "string" && !value.includes("\0")) continue;
    // The value may be a secret.
    throw invalidArgument(`env.${clipped(name)}`, { expected: "a string without NUL" });
  }
}

async function readFiles(root: string, files: string[]): Promise<Record<string, string>> {
  const variables: Record<string, string> = {};
  for (const file of files) {
    const text = readSettings(root, file);
    if (text === undefined) continue;
    // Loaded only where there is a file.
    const { parseEnv } = await import("node:util");
    try {
      Object.assign(variables, parseEnv(text));
    } catch (cause) {
      throw new CapsuleError("invalid_config", String(cause), { cannot: "read", file, cause });
    }
  }
  return variables;
}
