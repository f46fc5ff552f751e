import { CapsuleError } from "../../errors/error.ts";
import { FrameDecoder, type WrongFrame } from "../../protocol/decoder.ts";
import {
  encodeFrame,
  type Frame,
  HEADER_BYTES_AT_MOST,
  PAYLOAD_BYTES_AT_MOST,
} from "../../protocol/frame.ts";
import { assertEquals, assertStringIncludes, assertThrows } from "../support/assert.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function decode(...parts: Uint8Array[]): (Frame | WrongFrame)[] {
  const frames = new FrameDecoder();
  return parts.flatMap((part) => [...frames.push(part)]);
}

/** What is compared of a frame. */
function shown(frame: Frame | WrongFrame): unknown[] {
  return "problem" in frame
    ? [frame.id, "wrong"]
    : [frame.id, frame.header, decoder.decode(frame.payload)];
}

function prefix(id: number, header: number, payload: number): Uint8Array {
  const bytes = new Uint8Array(12);
  const view = new DataView(bytes.buffer);
  [id, header, payload].forEach((value, index) => view.setUint32(4 * index, value, true));
  return bytes;
}

function joined(...parts: Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

Deno.test("a frame lies in memory as protocol/README.md says", () => {
  const frame = encodeFrame(0x01020304, { type: "x" }, encoder.encode("ab"));
  const expected = [4, 3, 2, 1, 12, 0, 0, 0, 2, 0, 0, 0];
  assertEquals([...frame.subarray(0, 12)], expected);
  assertEquals(decoder.decode(frame.subarray(12)), `{"type":"x"}ab`);
});

Deno.test("frames come back however their bytes are cut", () => {
  const bytes = joined(
    encodeFrame(1, { type: "run", observe: true }, encoder.encode("{}")),
    encodeFrame(0xffff_ffff, { type: "cancel" }),
    encodeFrame(2, { type: "é" }, new Uint8Array(3000)),
  );
  const expected = decode(bytes).map(shown);
  assertEquals(expected.length, 3);
  assertEquals(expected[1], [0xffff_ffff, { type: "cancel" }, ""]);
  for (const size of [1, 2, 11, 12, 13, 1000]) {
    const parts = Array.from(
      { length: Math.ceil(bytes.length / size) },
      (_, index) => bytes.slice(index * size, (index + 1) * size),
    );
    assertEquals(decode(...parts).map(shown), expected, `cut at ${size}`);
  }
});

Deno.test("the bytes that are pushed may be used again", () => {
  const bytes = encodeFrame(1, { type: "x" }, encoder.encode("payload"));
  const [frame] = decode(bytes);
  bytes.fill(0);
  assertEquals(shown(frame!), [1, { type: "x" }, "payload"]);
});

Deno.test("an invalid header is reported, and later frames are read", () => {
  const good = encodeFrame(9, { type: "x" });
  const headers = ["", "{", "null", "[]", "1", `"type"`, "{}", `{"type":1}`, `{"type":null}`];
  for (const header of headers) {
    const text = encoder.encode(header);
    const found = decode(joined(prefix(3, text.length, 2), text, encoder.encode("ab"), good));
    assertEquals(found.map(shown), [[3, "wrong"], [9, { type: "x" }, ""]], header);
  }
  const bytes = new Uint8Array([0x22, 0xff, 0x22]);
  assertEquals(decode(joined(prefix(3, 3, 0), bytes, good)).map(shown), [
    [3, "wrong"],
    [9, { type: "x" }, ""],
  ]);
});

Deno.test("a frame that is too large is reported at once, and skipped", () => {
  const frames = new FrameDecoder();
  const header = HEADER_BYTES_AT_MOST + 1;
  const [wrong] = [...frames.push(prefix(5, header, 7))] as WrongFrame[];
  assertEquals(wrong!.id, 5);
  assertStringIncludes(wrong!.problem, `a header of ${header} bytes`);
  const part = new Uint8Array(1 << 20).fill(0x7b);
  for (let left = header + 7; left > 0; left -= part.length) {
    assertEquals([...frames.push(part.subarray(0, left))], []);
  }
  const good = encodeFrame(6, { type: "x" });
  assertEquals([...frames.push(good)].map(shown), [[6, { type: "x" }, ""]]);
  const [large] = decode(prefix(8, 2, PAYLOAD_BYTES_AT_MOST + 1)) as WrongFrame[];
  assertEquals(large!.id, 8);
});

Deno.test("encodeFrame() throws for a header or payload that is too large", () => {
  const error = assertThrows(
    () => encodeFrame(1, { type: "x", text: "x".repeat(HEADER_BYTES_AT_MOST) }),
    CapsuleError,
    "too large",
  );
  assertEquals(error.code, "invalid_argument");
});

Deno.test("random bytes are frames or wrong, and never an error", () => {
  let seed = 1;
  const random = () => (seed = (seed * 48271) % 0x7fff_ffff) / 0x7fff_ffff;
  let found = 0;
  for (let round = 0; round < 2000; round++) {
    const frames = new FrameDecoder();
    for (let part = 0; part < 4; part++) {
      // Sizes that are small now and then, so that there are headers to be read.
      const isNear = random() < 0.8;
      const sizes = [random() * 2 ** 32, random() * (isNear ? 20 : 2 ** 32)];
      const noise = Uint8Array.from({ length: Math.floor(random() * 40) }, () => random() * 256);
      const near = isNear ? random() * 20 : 2 ** 31;
      const bytes = joined(prefix(sizes[0]!, sizes[1]!, near), noise);
      for (const frame of frames.push(bytes)) found += frame.id >= 0 ? 1 : 0;
    }
  }
  assertEquals(found > 1000, true);
});
