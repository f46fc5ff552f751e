/** Components for tests, whole ones and such that somebody tampered with. */
import { seal } from "../compiler/component.ts";

/** A component whose digest fits what comes before it, as whoever changes one would see to. */
export function sealed(component: Uint8Array): Uint8Array {
  const copy = component.slice();
  seal(copy);
  return copy;
}

/** A component with a custom section in front: to Capsule, its engine is another one then. */
export function withSection(component: Uint8Array, name: string): Uint8Array {
  const bytes = new TextEncoder().encode(name);
  const section = [0, bytes.length + 1, bytes.length, ...bytes];
  const copy = new Uint8Array(component.length + section.length);
  copy.set(component.subarray(0, 8));
  copy.set(section, 8);
  copy.set(component.subarray(8), 8 + section.length);
  return sealed(copy);
}

/** A component in which every occurrence of a text is another one of the same length. */
export function withText(component: Uint8Array, from: string, to: string): Uint8Array {
  if (from.length !== to.length) throw new TypeError("the texts are not equally long");
  const copy = component.slice();
  const [wanted, written] = [from, to].map((text) => new TextEncoder().encode(text));
  let found = 0;
  for (let at = copy.indexOf(wanted![0]!); at !== -1; at = copy.indexOf(wanted![0]!, at + 1)) {
    if (!wanted!.every((byte, index) => copy[at + index] === byte)) continue;
    copy.set(written!, at);
    found++;
  }
  if (found === 0) throw new TypeError(`there is no ${from}`);
  return sealed(copy);
}
