/** `packages`: which packages a program may import. */
import { type Source, WITHOUT_PACKAGES } from "../../compiler/program.ts";
import type { HostPackages } from "../../compiler/python/packages.ts";
import type { PackagePath } from "../../compiler/python/paths.ts";
import { invalidArgument } from "../../errors/invalid.ts";
import type { FolderGrant, Language } from "../../ffi/native.ts";
import { resolve } from "../../platform/path.ts";
import type { Variables } from "../config/environment.ts";

/**
 * Which packages are meant, a folder as an absolute path.
 *
 * @throws {CapsuleError} `invalid_argument`.
 */
export function parsePackages(value: unknown, cwd: string): string | false | undefined {
  if (value === undefined || value === false || value === "host") return value;
  const isPath = typeof value === "string" && value !== "" && !value.includes("\0");
  if (isPath && value.length <= PATH_LENGTH_AT_MOST) return resolve(cwd, value);
  throw invalidArgument("packages", { expected: '"host", a folder or false', value });
}

/** Where packages were looked for, for a module that was not found. */
export function packagesHint(
  language: Language,
  packages: FolderGrant[],
  given: Source["packages"],
): string | undefined {
  if (language !== "python") return undefined;
  if (given === false) return WITHOUT_PACKAGES;
  const folders = packages.map(({ host }) => host);
  return folders.length > 0
    ? `packages were looked for in ${folders.join(", ")}`
    : "there are no packages: VIRTUAL_ENV is not set, and no .venv lies in the folders of the project; install the package into one, or choose another with packages";
}

/** Where a host finds packages. */
export function hostPackages(variables: Variables, cwd: string): HostPackages {
  const environment = variables("VIRTUAL_ENV");
  return { cwd, environment, interpreter: parseInterpreter(variables(INTERPRETER)) };
}

/** The folders that the Python package found for its own interpreter. */
function parseInterpreter(text: string | undefined): PackagePath[] | undefined {
  if (text === undefined) return undefined;
  try {
    return (JSON.parse(text) as PackagePath[]).filter(({ folder, module }) =>
      typeof folder === "string" && folder.startsWith("/") && !folder.includes("\0") &&
      (module === undefined || typeof module === "string")
    );
  } catch {
    // Another program has set the variable.
    return undefined;
  }
}

/** Set by `python/src/capsule/_client/request/packages.py`. */
const INTERPRETER = "CAPSULE_PYTHON_PACKAGES";

const PATH_LENGTH_AT_MOST = 4096;
