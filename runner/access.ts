/** What tasks may reach: the options that grant it, parsed. */
import { Invalid } from "./invalid.ts";

const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Names of environment variables. */
export function parseEnvVariables(value: unknown): string[] {
  if (!Array.isArray(value)) throw new Invalid("is no list of names");
  for (const name of value) {
    if (typeof name !== "string" || !VARIABLE_NAME.test(name)) {
      throw new Invalid(`has ${JSON.stringify(name)}, which is no name of an environment variable`);
    }
  }
  return [...new Set<string>(value)];
}
