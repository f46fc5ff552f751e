/** Components for tests, whole ones and such that somebody tampered with. */
import { seal } from "../../compiler/component/component.ts";

/** A component whose digest fits what comes before it, as whoever changes one would see to. */
export function sealed(component: Uint8Array): Uint8Array {
  const copy = component.slice();
  seal(copy);
  return copy;
}

/** What a component is made of. */
export interface Parts {
  /** What lies before Capsule's sections. */
  engine: Uint8Array;
  /** JSON. */
  header: string;
  contents: Uint8Array;
}

/** Two numbers of 32 bits, and a digest. */
const END_BYTES = 8 + 32;

/** Takes a component apart. */
export function partsOf(component: Uint8Array): Parts {
  const view = new DataView(component.buffer, component.byteOffset + component.length - END_BYTES);
  const [start, files] = [view.getUint32(0, true), view.getUint32(4, true)];
  const endStart = component.length - END_BYTES - section("capsule:sha256", 0, END_BYTES).length;
  const behind = (part: Uint8Array, name: string) => {
    const at = new TextDecoder("latin1").decode(part.subarray(0, 40)).indexOf(name);
    return part.subarray(at + name.length);
  };
  return {
    engine: component.subarray(0, start),
    header: new TextDecoder().decode(behind(component.subarray(start, files), "capsule:program")),
    contents: behind(component.subarray(files, endStart), "capsule:files"),
  };
}

/** Puts a component together, whatever its parts are, and seals it. */
export function assembled({ engine, header, contents }: Parts): Uint8Array {
  const text = new TextEncoder().encode(header);
  const program = [...section("capsule:program", 0, text.length)];
  const files = [...section("capsule:files", 0, contents.length)];
  const end = new Uint8Array(END_BYTES);
  const view = new DataView(end.buffer);
  view.setUint32(0, engine.length, true);
  view.setUint32(4, engine.length + program.length + text.length, true);
  const parts = [
    ...[engine, program, text, files, contents],
    ...[section("capsule:sha256", 0, END_BYTES), end],
  ];
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return sealed(bytes);
}

/** The component with some members of its header changed. */
export function withHeader(component: Uint8Array, members: Record<string, unknown>): Uint8Array {
  const parts = partsOf(component);
  const header = JSON.stringify({ ...JSON.parse(parts.header), ...members });
  return assembled({ ...parts, header });
}

/** What stands before the content of a section: a custom one with its name, or another one without. */
export function section(name: string, id: number, length: number): Uint8Array {
  const text = new TextEncoder().encode(name);
  const prefix = id === 0 ? [text.length, ...text] : [];
  const size = [];
  let rest = prefix.length + length;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) size.push((rest % 0x80) | 0x80);
  return Uint8Array.of(id, ...size, rest, ...prefix);
}
