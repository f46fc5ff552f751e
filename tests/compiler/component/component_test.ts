// It tells where the library lies.
import "../../../install/installation.ts";
import { assertEquals } from "../../support/assert.ts";
import {
  type Content,
  decodeComponent,
  encodeComponent,
  type Encoding,
  isWhole,
} from "../../../compiler/component/component.ts";
import type { Program } from "../../../compiler/program.ts";
import { sealed } from "../../support/components.ts";

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
const encoding: Encoding = { engine: { path: "/engine.wasm", digest: "0123", shape: {} } };

Deno.test("a component gives back the program that was put in", () => {
  const content = decodeComponent(encodeComponent(program, encoding)) as Content;
  assertEquals(content.program, program);
  assertEquals([content.kind, content.engine, content.declarations], ["thin", "0123", undefined]);
  const { sourceMap: _, ...without } = program;
  const packages = [{ guest: "/p", files: [{ path: "a/b.py", data: bytes("y = 2") }] }];
  const more = { ...encoding, packages, declarations: '{"tasks": []}' };
  const other = decodeComponent(encodeComponent(without, more)) as Content;
  assertEquals(other.program, without);
  assertEquals(other.packages, packages);
  assertEquals(other.declarations, '{"tasks": []}');
});

Deno.test("a thin component is a valid component", async () => {
  // Node and Deno know modules only: of a component they refuse the version, and nothing before it.
  const component = encodeComponent(program, encoding);
  assertEquals(Array.from(component.subarray(0, 8)), [0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0]);
  const error = await WebAssembly.compile(component as BufferSource).catch(String);
  assertEquals(String(error).includes("expected version"), true, String(error));
});

Deno.test("a damaged or foreign component is rejected", () => {
  const component = encodeComponent(program, encoding);
  assertEquals(isWhole(component), true);
  for (let length = 0; length < component.length; length += 997) {
    const cut = component.subarray(0, length);
    assertEquals("problem" in decodeComponent(cut), true, `cut at ${length}`);
    assertEquals(isWhole(cut), false, `cut at ${length}`);
  }
  for (let index = 0; index < component.length; index += 501) {
    const flipped = component.slice();
    flipped[index]! ^= 0xff;
    assertEquals(isWhole(flipped), false, `flipped at ${index}`);
    // It may still be a program, but it never throws.
    decodeComponent(flipped);
    decodeComponent(sealed(flipped));
  }
  const problems = [bytes("no component"), bytes("\0asm\x01\0\0\0"), bytes("\0asm\x0d\0\x01\0")]
    .map((other) => (decodeComponent(other) as { problem: string }).problem);
  assertEquals(problems, [
    "it is no WebAssembly",
    "it is a WebAssembly module, not a component",
    "it is cut off, or not a component that this version of capsule build made",
  ]);
});
