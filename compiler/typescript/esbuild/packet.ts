/**
 * The packets that esbuild's service speaks: a length, an id, and a value in esbuild's own binary form, integers
 * little-endian. Both sides ask: what carries a request has twice its number for an id, and its answer has one more.
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

/** A packet that came. */
export interface Packet {
  /** Of the request, by the number that its side gave it. */
  id: number;
  isAnswer: boolean;
  value: Value;
}

/** What the first byte of a value tells. */
const TYPE = { null: 0, boolean: 1, number: 2, text: 3, bytes: 4, list: 5, object: 6 };
const LENGTH_BYTES = 4;
/** Values in values: esbuild's own have a few levels. */
const LEVELS_AT_MOST = 32;

/** A packet as bytes. */
export function encodePacket({ id, isAnswer, value }: Packet): Uint8Array<ArrayBuffer> {
  let bytes = new Uint8Array(256);
  let view = new DataView(bytes.buffer);
  let at = LENGTH_BYTES;
  const reserve = (count: number) => {
    if (at + count <= bytes.length) return;
    const larger = new Uint8Array(2 * (at + count));
    larger.set(bytes);
    bytes = larger;
    view = new DataView(bytes.buffer);
  };
  const byte = (value: number) => {
    reserve(1);
    bytes[at++] = value;
  };
  const number = (value: number) => {
    reserve(4);
    view.setUint32(at, value, true);
    at += 4;
  };
  const data = (value: Uint8Array) => {
    number(value.length);
    reserve(value.length);
    bytes.set(value, at);
    at += value.length;
  };
  const text = (value: string) => {
    // As many bytes as its characters can take.
    reserve(4 + 3 * value.length);
    const { written } = encoder.encodeInto(value, bytes.subarray(at + 4));
    number(written);
    at += written;
  };
  const write = (value: Value): void => {
    if (value === null) {
      byte(TYPE.null);
    } else if (typeof value === "boolean") {
      byte(TYPE.boolean);
      byte(Number(value));
    } else if (typeof value === "number") {
      byte(TYPE.number);
      number(value);
    } else if (typeof value === "string") {
      byte(TYPE.text);
      text(value);
    } else if (value instanceof Uint8Array) {
      byte(TYPE.bytes);
      data(value);
    } else if (Array.isArray(value)) {
      byte(TYPE.list);
      number(value.length);
      value.forEach(write);
    } else {
      const members = Object.entries(value);
      byte(TYPE.object);
      number(members.length);
      for (const [name, member] of members) {
        text(name);
        write(member);
      }
    }
  };
  number(2 * id + Number(isAnswer));
  write(value);
  view.setUint32(0, at - LENGTH_BYTES, true);
  return bytes.subarray(0, at);
}

/** Several packets, or parts of one, as one. */
export function joined(parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/**
 * Reads what follows the length of a packet.
 *
 * @throws {Error} for bytes that are none.
 */
export function decodePacket(packet: Uint8Array): Packet {
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
  const count = () => {
    const count = number();
    // Each value takes a byte at least.
    if (count > packet.length - at) throw new Error("a packet of esbuild is cut");
    return count;
  };
  const read = (level: number): Value => {
    if (level > LEVELS_AT_MOST) throw new Error("a packet of esbuild is nested too deeply");
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
        return Array.from({ length: count() }, () => read(level + 1));
      case TYPE.object:
        return Object.fromEntries(
          Array.from({ length: count() }, () => [decoder.decode(bytes()), read(level + 1)]),
        );
    }
    throw new Error(`a packet of esbuild holds a value of the type ${type}`);
  };
  const id = number();
  return { id: Math.floor(id / 2), isAnswer: id % 2 === 1, value: read(0) };
}

/** Cuts a stream of bytes into what follows each length. */
export class PacketDecoder {
  /** What came of a packet that has not ended. */
  #held: Uint8Array[] = [];
  #heldBytes = 0;

  /** The packets that end in these bytes. */
  *push(bytes: Uint8Array): Generator<Uint8Array> {
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
    while (this.#heldBytes >= LENGTH_BYTES) {
      if (this.#held[0]!.length < LENGTH_BYTES) this.#join();
      const [first] = this.#held;
      const end = LENGTH_BYTES +
        new DataView(first!.buffer, first!.byteOffset, first!.length).getUint32(0, true);
      if (end > this.#heldBytes) return;
      if (end > first!.length) this.#join();
      const all = this.#held[0]!;
      this.#held[0] = all.subarray(end);
      this.#heldBytes -= end;
      yield all.subarray(LENGTH_BYTES, end);
    }
  }

  #join(): void {
    this.#held = [joined(this.#held)];
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
