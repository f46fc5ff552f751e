import { CapsuleError } from "../errors/error.ts";
import type { Header } from "../protocol/frame.ts";
import type { ClientMessage } from "../protocol/messages.ts";

/** The members of each header besides `type`, with their checks. */
const MEMBERS: Record<ClientMessage["type"], Record<string, (value: unknown) => boolean>> = {
  run: { observe: isOptionalFlag, json: isOptionalLength },
  open: { observe: isOptionalFlag },
  call: {
    program: Number.isSafeInteger,
    task: isText,
    observe: isOptionalFlag,
    detailed: isOptionalFlag,
    json: isOptionalLength,
  },
  close: { program: Number.isSafeInteger },
  configure: { ram: isBytes },
  cancel: {},
};

/**
 * Parses the header of a client's frame.
 *
 * @throws {CapsuleError} `invalid_argument`, naming the wrong member.
 */
export function parseMessage({ type, ...members }: Header): ClientMessage {
  const known = Object.hasOwn(MEMBERS, type) ? MEMBERS[type as ClientMessage["type"]] : undefined;
  if (known === undefined) {
    throw wrong(`unknown type "${type}"; there are: ${Object.keys(MEMBERS).join(", ")}`);
  }
  const unknown = Object.keys(members).find((name) => !Object.hasOwn(known, name));
  if (unknown !== undefined) throw wrong(`${type}: unknown member "${unknown}"`);
  for (const [name, isRight] of Object.entries(known)) {
    if (isRight(members[name])) continue;
    const problem = members[name] === undefined
      ? `missing member "${name}"`
      : `invalid ${name}: ${JSON.stringify(members[name])}`;
    throw wrong(`${type}: ${problem}`);
  }
  return { observe: false, detailed: false, ...members, type } as unknown as ClientMessage;
}

function isOptionalFlag(value: unknown): boolean {
  return value === undefined || typeof value === "boolean";
}

function isOptionalLength(value: unknown): boolean {
  return value === undefined || Number.isSafeInteger(value) && (value as number) >= 0;
}

function isBytes(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

function isText(value: unknown): boolean {
  return typeof value === "string";
}

function wrong(problem: string): CapsuleError {
  return new CapsuleError("invalid_argument", problem);
}
