import { assertEquals } from "../assert.ts";
import { decodeComponent, encodeComponent } from "../../compiler/component.ts";
import type { Program } from "../../compiler/program.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

const program: Program = {
  language: "python",
  name: "häuser/main.py",
  files: [
    { path: "häuser/main.py", data: bytes("x = 1") },
    { path: "empty.py", data: new Uint8Array(0) },
    { path: "large.py", data: new Uint8Array(100_000).fill(7) },
  ],
  sourceMap: bytes("{}"),
};

Deno.test("a component gives back the program that was put in", () => {
  assertEquals(decodeComponent(encodeComponent(program)), program);
  const { sourceMap: _, ...without } = program;
  assertEquals(decodeComponent(encodeComponent(without)), without);
});

Deno.test("a thin component is a valid component", async () => {
  // Node and Deno know modules only: of a component they refuse the version, and nothing before it.
  const component = encodeComponent(program);
  assertEquals(Array.from(component.subarray(0, 8)), [0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0]);
  const error = await WebAssembly.compile(component as BufferSource).catch(String);
  assertEquals(String(error).includes("expected version"), true, String(error));
});

Deno.test("what is cut, flipped or foreign is no program", () => {
  const component = encodeComponent(program);
  for (let length = 0; length < component.length; length += 997) {
    assertEquals(decodeComponent(component.subarray(0, length)), undefined, `cut at ${length}`);
  }
  assertEquals(decodeComponent(bytes("no component")), undefined);
  for (let index = 0; index < 64; index++) {
    const flipped = component.slice();
    flipped[index]! ^= 0xff;
    // A flipped byte may still be a program, but it never throws.
    decodeComponent(flipped);
  }
});
