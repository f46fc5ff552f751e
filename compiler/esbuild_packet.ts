/**
 * The packets that esbuild's service speaks: a length, an id, and a value in esbuild's own binary form, integers
 * little-endian. What carries a request has twice its number for an id; its answer has one more.
 */

/** What a packet may hold. */
export type Value =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | Value[]
  | { [name: string]: Value };

/** What the first byte of a value tells. */
const TYPE = { null: 0, boolean: 1, number: 2, text: 3, bytes: 4, list: 5, object: 6 };
const LENGTH_BYTES = 4;

/** A request as bytes. */
export function encodeRequest(id: number, value: Value): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  const number = (value: number) => parts.push(uint32(value));
  const bytes = (value: Uint8Array) => (number(value.length), parts.push(value));
  const type = (value: number) => parts.push(Uint8Array.of(value));
  const write = (value: Value): void => {
    if (value === null) {
      type(TYPE.null);
    } else if (typeof value === "boolean") {
      parts.push(Uint8Array.of(TYPE.boolean, Number(value)));
    } else if (typeof value === "number") {
      type(TYPE.number), number(value);
    } else if (typeof value === "string") {
      type(TYPE.text), bytes(encoder.encode(value));
    } else if (value instanceof Uint8Array) {
      type(TYPE.bytes), bytes(value);
    } else if (Array.isArray(value)) {
      type(TYPE.list), number(value.length);
      value.forEach(write);
    } else {
      const members = Object.entries(value);
      type(TYPE.object), number(members.length);
      for (const [name, member] of members) {
        bytes(encoder.encode(name));
        write(member);
      }
    }
  };
  number(2 * id);
  write(value);
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const packet = new Uint8Array(LENGTH_BYTES + length);
  packet.set(uint32(length));
  let at = LENGTH_BYTES;
  for (const part of parts) {
    packet.set(part, at);
    at += part.length;
  }
  return packet;
}

/**
 * The id of the request that a packet answers, and the answer. Undefined for a packet that asks for something.
 *
 * @throws {Error} for bytes that are none.
 */
export function decodeAnswer(packet: Uint8Array): { id: number; value: Value } | undefined {
  const view = new DataView(packet.buffer, packet.byteOffset, packet.length);
  let at = 0;
  const number = () => {
    at += 4;
    return view.getUint32(at - 4, true);
  };
  const bytes = () => {
    const length = number();
    if (length > packet.length - at) throw new Error("a packet of esbuild is cut");
    at += length;
    return packet.subarray(at - length, at);
  };
  const read = (): Value => {
    const type = view.getUint8(at++);
    switch (type) {
      case TYPE.null:
        return null;
      case TYPE.boolean:
        return view.getUint8(at++) === 1;
      case TYPE.number:
        return number();
      case TYPE.text:
        return decoder.decode(bytes());
      case TYPE.bytes:
        return bytes();
      case TYPE.list:
        return Array.from({ length: number() }, read);
      case TYPE.object:
        return Object.fromEntries(
          Array.from({ length: number() }, () => [decoder.decode(bytes()), read()]),
        );
    }
    throw new Error(`a packet of esbuild holds a value of the type ${type}`);
  };
  const id = number();
  return id % 2 === 1 ? { id: (id - 1) / 2, value: read() } : undefined;
}

/** Cuts a stream of bytes into what follows each length. */
export class PacketDecoder {
  #held = new Uint8Array(0);

  /** The packets that end in these bytes. */
  *push(bytes: Uint8Array): Generator<Uint8Array> {
    const all = new Uint8Array(this.#held.length + bytes.length);
    all.set(this.#held);
    all.set(bytes, this.#held.length);
    const view = new DataView(all.buffer);
    let at = 0;
    while (all.length - at >= LENGTH_BYTES) {
      const end = at + LENGTH_BYTES + view.getUint32(at, true);
      if (end > all.length) break;
      yield all.subarray(at + LENGTH_BYTES, end);
      at = end;
    }
    this.#held = all.slice(at);
  }
}

function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
