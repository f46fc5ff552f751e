/** `secrets`: values that the host puts into request headers, and that tasks never see. */
import { CapsuleError } from "../../errors/error.ts";
import type { NativeSecret } from "../../ffi/native.ts";
import { parseEnvVariables, parseList } from "./access.ts";
import type { Environment } from "../config/environment.ts";
import { parseAllowedHosts } from "./hosts.ts";
import { Invalid } from "../../errors/invalid.ts";
import { isRecord } from "../../errors/record.ts";
import { clipped, shown } from "../../errors/shown.ts";

/** A value that tasks can use without seeing it. */
export interface Secret {
  /** The value: text that a header can hold. */
  value: string;
  /** The hosts that it may be sent to, written like `allowedHosts`. This does not grant them. */
  hosts: string[];
  /** The headers that may contain it: `authorization`, `x-api-key` and `api-key` by default. */
  headers?: string[];
}

/** Where a secret of `capsule.toml` may go: its value comes from the environment or from `.env`. */
export type SecretPlaces = Omit<NativeSecret, "name" | "value" | "placeholder">;

const KEYS = ["value", "hosts", "headers"];
const HEADERS = ["authorization", "x-api-key", "api-key"];
/** A name of a header, as HTTP has it. */
const HEADER = /^[!#$%&'*+.^_`|~a-z0-9-]+$/;
/** Those whose values the host writes itself, or that it does not send: `ffi/native/src/network/outgoing.rs`. */
const OWN_HEADERS = [
  ...["host", "accept-encoding", "connection", "content-length", "expect", "http2-settings"],
  ...["keep-alive", "te", "trailer", "transfer-encoding", "upgrade"],
];
const SECRETS_AT_MOST = 100;
const VALUE_LENGTH_AT_MOST = 16 << 10;
const PREFIX = "capsule-secret-";
/** Of a placeholder: nobody guesses it. */
const RANDOM_BYTES = 16;

/**
 * Parses `secrets`. Messages never show a value.
 *
 * @throws {CapsuleError} `invalid_argument`, naming the secret and the key.
 */
export function parseSecrets(secrets: unknown): NativeSecret[] {
  if (secrets === undefined) return [];
  const refused = (problem: string) => new CapsuleError("invalid_argument", `secrets: ${problem}`);
  if (!isRecord(secrets)) {
    throw refused("it is no plain object of { NAME: { value, hosts } }");
  }
  const entries = Object.entries(secrets);
  if (entries.length > SECRETS_AT_MOST) {
    throw refused(`it has ${entries.length} secrets, more than ${SECRETS_AT_MOST}`);
  }
  return entries.map(([name, secret]) => {
    try {
      if (!isRecord(secret)) throw new Invalid("is no plain object { value, hosts, headers }");
      const { value, ...places } = secret;
      return bind(name, parsePlaces(name, places), value);
    } catch (error) {
      if (!(error instanceof Invalid)) throw error;
      throw refused(`${clipped(name)} ${error.message}`);
    }
  });
}

/**
 * Parses all of a secret but its value.
 *
 * @throws {Invalid} The message goes on where the name ends.
 */
export function parsePlaces(name: string, given: Record<string, unknown>): SecretPlaces {
  parseEnvVariables([name]);
  const { hosts, headers = HEADERS, ...rest } = given;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) {
    throw new Invalid(`has the unknown key "${clipped(unknown)}"; there are: ${KEYS.join(", ")}`);
  }
  if (hosts === undefined) throw new Invalid(`has no hosts: name those that it may be sent to`);
  const rules = parseAllowedHosts(hosts);
  if (rules.length === 0 || rules.some(({ host }) => host === null)) {
    throw new Invalid("has no hosts of its own: name those that it may be sent to");
  }
  const names = parseList(headers, "headers").map((header) => {
    const lower = typeof header === "string" ? header.toLowerCase() : "";
    const isOwn = OWN_HEADERS.includes(lower) || lower.startsWith("proxy-");
    if (!HEADER.test(lower) || isOwn) {
      throw new Invalid(`has ${shown(header)}, which is no header that it can stand in`);
    }
    return lower;
  });
  if (names.length === 0) throw new Invalid("has no headers: name those that it can stand in");
  return { hosts: rules, headers: names };
}

/**
 * The secrets that the host gives, and those that its `capsule.toml` names.
 *
 * @throws {CapsuleError} `invalid_config` for one that has no value.
 */
export async function allSecrets(
  given: NativeSecret[],
  named: Record<string, SecretPlaces>,
  environment: Environment,
): Promise<NativeSecret[]> {
  const missing = Object.keys(named).filter((name) => given.every((one) => one.name !== name));
  if (missing.length === 0) return given;
  const values = await environment.pick(missing);
  const bound = missing.map((name) => {
    if (values[name] === undefined) {
      throw new CapsuleError("invalid_config", `capsule.toml: secrets.${name}: it has no value`, {
        hint: `set ${name} in the environment, or in .env beside capsule.toml`,
      });
    }
    try {
      return bind(name, named[name]!, values[name]);
    } catch (error) {
      if (!(error instanceof Invalid)) throw error;
      throw new CapsuleError("invalid_config", `capsule.toml: secrets.${name} ${error.message}`);
    }
  });
  return [...given, ...bound];
}

function bind(name: string, places: SecretPlaces, value: unknown): NativeSecret {
  // A header holds printable ASCII, and no space at its ends.
  if (value === undefined || value === null) throw new Invalid("has no value");
  if (typeof value !== "string" || !/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value)) {
    throw new Invalid(
      "has a value that no header can hold: it must be printable ASCII, without spaces around it",
    );
  }
  if (value.length > VALUE_LENGTH_AT_MOST) {
    throw new Invalid(`has a value of more than ${VALUE_LENGTH_AT_MOST} characters`);
  }
  return { name, placeholder: newPlaceholder(value.length), value, ...places };
}

/** Lower case, at least as long as the value, and never twice the same. */
function newPlaceholder(length: number): string {
  const random = crypto.getRandomValues(new Uint8Array(RANDOM_BYTES));
  const hex = Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return (PREFIX + hex).padEnd(length, "0");
}
