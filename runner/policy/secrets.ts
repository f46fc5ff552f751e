/** `secrets`: values that the host puts into request headers, and that tasks never see. */
import { CapsuleError } from "../../errors/error.ts";
import type { NativeSecret } from "../../ffi/native.ts";
import { parseList, parseVariableName } from "./access.ts";
import type { Environment } from "../config/environment.ts";
import { CONFIG_FILE } from "../config/project.ts";
import { parseAllowedHosts } from "./hosts.ts";
import { Invalid, parsePart, parseValue } from "../../errors/invalid.ts";
import { isRecord } from "../../errors/record.ts";
import { clipped } from "../../errors/clipped.ts";
import { parseRecord } from "./group.ts";

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
  return parseValue({ code: "invalid_argument", option: "secrets" }, () => {
    if (!isRecord(secrets)) {
      throw new Invalid({ expected: "a plain object of { NAME: { value, hosts } }" });
    }
    const entries = Object.entries(secrets);
    if (entries.length > SECRETS_AT_MOST) {
      throw new Invalid({ problem: `has ${entries.length} secrets, more than ${SECRETS_AT_MOST}` });
    }
    return entries.map(([name, secret]) =>
      parsePart(`.${clipped(name)}`, () => {
        if (!isRecord(secret)) {
          throw new Invalid({ expected: "a plain object of { value, hosts, headers }" });
        }
        const { value, ...places } = secret;
        return bind(name, parsePlaces(name, places), value);
      })
    );
  });
}

/**
 * Parses all of a secret but its value.
 *
 * @throws {Invalid}
 */
export function parsePlaces(name: string, given: Record<string, unknown>): SecretPlaces {
  parseVariableName(name);
  const { hosts = [], headers = HEADERS } = parseRecord(given, {
    hosts: parseHosts,
    headers: parseHeaders,
  });
  if (hosts.length > 0) return { hosts, headers };
  throw new Invalid({ problem: "has no hosts: name those that it may be sent to" });
}

function parseHosts(value: unknown): SecretPlaces["hosts"] {
  // What stands here by mistake may be the secret.
  const hosts = parseAllowedHosts(Array.isArray(value) ? value : undefined);
  if (hosts.every(({ host }) => host !== null)) return hosts;
  throw new Invalid({ problem: "must name the hosts that it may be sent to" });
}

function parseHeaders(value: unknown): string[] {
  const headers = parseList(Array.isArray(value) ? value : undefined, "headers", (header) => {
    const lower = typeof header === "string" ? header.toLowerCase() : "";
    const isOwn = OWN_HEADERS.includes(lower) || lower.startsWith("proxy-");
    if (HEADER.test(lower) && !isOwn) return lower;
    throw new Invalid({ expected: "a header that can hold a secret", value: header });
  });
  if (headers.length > 0) return headers;
  throw new Invalid({ problem: "must name the headers that may contain it" });
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
    const option = `secrets.${name}`;
    const place = { code: "invalid_config", file: CONFIG_FILE, option } as const;
    if (values[name] === undefined) {
      throw new CapsuleError(place.code, "has no value", {
        ...place,
        hint: `set ${name} in the environment, or in .env beside ${CONFIG_FILE}`,
      });
    }
    return parseValue(place, () => bind(name, named[name]!, values[name]));
  });
  return [...given, ...bound];
}

function bind(name: string, places: SecretPlaces, value: unknown): NativeSecret {
  return parsePart(".value", () => {
    if (value === undefined || value === null) throw new Invalid({ expected: "given" });
    // A header holds printable ASCII, and no space at its ends.
    if (typeof value !== "string" || !/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value)) {
      throw new Invalid({
        expected: "printable ASCII without spaces around it: no header can hold other text",
      });
    }
    if (value.length > VALUE_LENGTH_AT_MOST) {
      throw new Invalid({ problem: `has more than ${VALUE_LENGTH_AT_MOST} characters` });
    }
    return { name, placeholder: newPlaceholder(value.length), value, ...places };
  });
}

/** Lower case, at least as long as the value, and never twice the same. */
function newPlaceholder(length: number): string {
  const random = crypto.getRandomValues(new Uint8Array(RANDOM_BYTES));
  const hex = Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return (PREFIX + hex).padEnd(length, "0");
}
