/** What a worker answers, above all to what is wrong. */
import { encodeFrame, HEADER_BYTES_AT_MOST } from "../../protocol/frame.ts";
import { VERSION } from "../../version.ts";
import { assertEquals, assertStringIncludes } from "../support/assert.ts";
import { cli, warmEngines } from "../support/support.ts";
import { type Client, json, startWorker } from "./client.ts";

await warmEngines();

const ECHO = "def main(*args): return list(args)";
const SLEEP = "def main(s=60):\n  import time\n  time.sleep(s)";

/** The worker says why it does nothing, and does what it is asked for next. */
async function assertRefused(worker: Client, id: number, message: string): Promise<void> {
  const { header, ...frame } = await worker.answer();
  assertEquals([frame.id, header.type, header.code], [id, "failed", "invalid_argument"]);
  assertStringIncludes(header.message as string, message);
  await worker.run(77, ECHO, { args: [1] });
  const next = await worker.answer();
  assertEquals([next.id, json(next).result], [77, [1]]);
}

Deno.test("the first frame has protocol, version and the most requests at once", async () => {
  await using worker = await startWorker();
  const { id, header } = worker.ready;
  assertEquals({ id, header }, {
    id: 0,
    header: { type: "ready", protocol: 1, version: VERSION, requests: 1000 },
  });
});

Deno.test("a program is opened, called and closed, and events come before the envelope", async () => {
  await using worker = await startWorker();
  const code =
    `${ECHO}\nfrom capsule import task\n@task\ndef says(text, end): print(text, end=end)`;
  await worker.send(1, { type: "open", observe: true }, { code, language: "python" });
  assertEquals((await worker.next()).header, {
    type: "event",
    event: { type: "program_loading", language: "python" },
  });
  const opened = await worker.answer();
  assertEquals(opened.header, { type: "opened", program: 1, tasks: ["says", "main"] });
  const call = { type: "call", program: 1, task: "says", observe: true };
  await worker.send(2, call, { args: ["né"], kwargs: { end: "\0" } });
  const seen: unknown[] = [];
  while (seen.at(-1) !== "envelope") {
    const { id, header, payload } = await worker.next();
    assertEquals(id, 2);
    const event = header.event as { type: string; task: number } | undefined;
    seen.push(event?.type ?? header.type);
    if (event?.type !== "output") continue;
    assertEquals(header, {
      type: "event",
      event: { type: "output", task: 1, stream: "stdout" },
    });
    assertEquals(new TextDecoder().decode(payload), "né\0");
  }
  assertEquals(seen, ["task_started", "output", "task_finished", "envelope"]);
  await worker.send(3, { type: "close", program: 1 });
  await worker.send(4, call, { args: [] });
  await assertRefused(worker, 4, "program 1 is not open");
  await worker.send(5, { type: "open" }, { code: ECHO, language: "python" });
  assertEquals((await worker.answer()).header.program, 2);
});

Deno.test("bytes follow the JSON of arguments and of envelopes", async () => {
  await using worker = await startWorker();
  const options = { code: ECHO, language: "python" };
  const data = Uint8Array.of(0, 255, 7);
  const args = [{ $bytes: [0, 2] }, [{ $bytes: [2, 1] }], { $$bytes: 1 }];
  const send = (id: number, header: object, payload: unknown, bytes = data) => {
    const text = new TextEncoder().encode(JSON.stringify(payload));
    return worker.write(encodeFrame(id, { json: text.length, ...header }, text, bytes));
  };
  const assertEchoed = async () => {
    const { header, payload } = await worker.answer();
    const length = header.json as number;
    const envelope = JSON.parse(new TextDecoder().decode(payload.subarray(0, length)));
    assertEquals([header.type, envelope.result], ["envelope", args]);
    assertEquals(payload.slice(length), data);
  };
  await worker.send(1, { type: "open" }, options);
  const { program } = (await worker.answer()).header;
  const call = { type: "call", program, task: "main" };
  await send(2, call, { args });
  await assertEchoed();
  await send(3, { type: "run" }, { ...options, args });
  await assertEchoed();
  await send(4, { type: "run" }, { ...options, input: JSON.stringify({ args }) });
  await assertEchoed();
  // Without bytes, JSON is plain.
  await worker.send(5, call, { args: [{ $bytes: [0, 2] }] });
  const plain = await worker.answer();
  assertEquals([plain.header, json(plain).result], [{ type: "envelope" }, [{ $bytes: [0, 2] }]]);
  const wrong = [
    [{ args: [{ $bytes: [0, 4] }] }, "the arguments are malformed"],
    [{ args: [] }, "the arguments are malformed: there are 3 bytes, and placeholders for 0"],
    [{ args: [{ $bytes: [0, 3] }, { $bytes: "AAAA" }] }, "must be [offset, length]"],
  ] as const;
  for (const [index, [payload, message]] of wrong.entries()) {
    await send(10 + index, call, payload);
    await assertRefused(worker, 10 + index, message);
  }
  await send(20, { ...call, json: 1_000 }, { args });
  await assertRefused(worker, 20, "json (1000) is larger than the");
  await send(21, { ...call, json: -1 }, { args });
  await assertRefused(worker, 21, "call: invalid json: -1");
});

Deno.test("arguments come to a sandbox as they are written", async () => {
  await using worker = await startWorker();
  const code = "def main(*args, **more): return [repr(value) for value in [*args, more]]";
  const options = { code, language: "python" };
  const input = `{"args":[1.0,-0.0,1180591620717411303424],"kwargs":{"big":12345678901234567}}`;
  const expected = ["1.0", "-0.0", "1180591620717411303424", "{'big': 12345678901234567}"];
  await worker.send(1, { type: "run" }, { ...options, input });
  assertEquals(json(await worker.answer()).result, expected);
  await worker.send(2, { type: "open" }, options);
  const { program } = (await worker.answer()).header;
  const call = { type: "call", program, task: "main" };
  await worker.write(encodeFrame(3, call, new TextEncoder().encode(input)));
  assertEquals(json(await worker.answer()).result, expected);
  for (const [id, nothing] of [[4, {}], [5, { args: [] }]] as const) {
    await worker.send(id, call, nothing);
    assertEquals(json(await worker.answer()).result, ["{}"]);
  }
});

Deno.test("an error on the host's side has a code, message, fields and hint", async () => {
  await using worker = await startWorker();
  const options = { code: ECHO, language: "python", task: "nope" };
  await worker.send(1, { type: "run" }, options);
  assertEquals((await worker.answer()).header, {
    type: "failed",
    code: "task_not_found",
    message: `code.py: there is no task "nope"; its tasks are: main`,
    problem: `there is no task "nope"; its tasks are: main`,
    fields: { file: "code.py" },
    hint: `declare one: @task(name="nope")`,
  });
  // Of whoever asks in a language without types.
  await worker.send(2, { type: "run" }, { ...options, mounts: 5 });
  const { header } = await worker.answer();
  assertEquals([header.type, header.code], ["failed", "invalid_argument"]);
});

Deno.test("a frame that is wrong costs its request alone", async (t) => {
  await using worker = await startWorker();
  const wrong: [string, object, unknown, string][] = [
    ["an unknown type", { type: "bogus" }, undefined, 'unknown type "bogus"'],
    ["a type of a prototype", { type: "toString" }, undefined, 'unknown type "toString"'],
    ["an unknown member", { type: "run", x: 1 }, {}, 'run: unknown member "x"'],
    [
      "a member of a bad type",
      { type: "call", program: "1", task: "a" },
      {},
      'invalid program: "1"',
    ],
    ["a missing member", { type: "call", program: 1 }, {}, 'missing member "task"'],
    ["a flag that is none", { type: "run", observe: 1 }, {}, "invalid observe: 1"],
    ["no payload", { type: "run" }, undefined, "the payload is not JSON"],
    ["a payload that is no object", { type: "run" }, [], "the payload must be a JSON object"],
    ["an unknown option", { type: "run" }, { isolation: "process" }, 'option "isolation"'],
    ["a program that is none", { type: "close", program: 5 }, undefined, "program 5 is not open"],
    ["an environment that is none", { type: "run" }, { environment: { A: 1 } }, "environment.A"],
    [
      "an input that is no text",
      { type: "run" },
      { input: { args: [] } },
      "input must be a string",
    ],
    ["an input and arguments", { type: "run" }, { input: '{"args":[]}', args: [] }, "either input"],
    ["an input that is no JSON", { type: "run" }, { input: "[1.0" }, "input is not JSON"],
    ["an input with more in it", { type: "run" }, { input: '{"args":[],"x":1}' }, 'option "x"'],
    ["an input of no list", { type: "run" }, { input: '{"args":{}}' }, "args must be an array"],
    [
      "an environment in a list",
      { type: "open" },
      { environment: [] },
      "environment must be an object",
    ],
  ];
  for (const [name, header, payload, message] of wrong) {
    await t.step(name, async () => {
      await worker.send(3, header, payload);
      await assertRefused(worker, 3, message);
    });
  }
  await t.step("the id 0", async () => {
    await worker.send(0, { type: "run" }, {});
    await assertRefused(worker, 0, "id of a request must not be 0");
  });
  await t.step("a header that is no JSON", async () => {
    const bytes = new Uint8Array(12 + 4);
    bytes.set([7, 0, 0, 0, 4]);
    await worker.write(bytes);
    await assertRefused(worker, 7, "must be a JSON object with a type");
  });
  await t.step("a frame that is too large", async () => {
    const bytes = new Uint8Array(12 + HEADER_BYTES_AT_MOST + 1).fill(0x20);
    bytes.set([8, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0]);
    await worker.write(bytes);
    await assertRefused(worker, 8, "the frame is too large");
  });
});

Deno.test("the id of a running request is refused, and that request continues", async () => {
  await using worker = await startWorker();
  await worker.run(1, SLEEP, { args: [0.3] });
  await worker.run(1, ECHO);
  const first = await worker.answer();
  assertEquals([first.id, first.header.type], [1, "failed"]);
  assertStringIncludes(first.header.message as string, "request 1 is already running");
  const second = await worker.answer();
  assertEquals([second.id, json(second).success], [1, true]);
  await worker.run(1, ECHO);
  assertEquals(json(await worker.answer()).success, true);
});

Deno.test("no more requests than allowed are under way, and each can be cancelled then", async () => {
  await using worker = await startWorker();
  const code = `import { task } from "@capsule/sdk";
    export const main = task({ name: "main" }, () => new Promise((end) => setTimeout(end, 60_000)));`;
  await worker.send(1, { type: "open" }, { code, language: "typescript" });
  assertEquals((await worker.answer()).header.type, "opened");
  const requests = worker.ready.header.requests as number;
  for (let id = 1; id <= requests + 1; id++) {
    await worker.send(id, { type: "call", program: 1, task: "main" }, {});
  }
  const refused = await worker.answer();
  assertEquals([refused.id, refused.header.code], [requests + 1, "invalid_argument"]);
  assertStringIncludes(refused.header.message as string, "too many requests at once: at most 1000");
  await worker.send(500, { type: "cancel" });
  const cancelled = await worker.answer();
  assertEquals([cancelled.id, json(cancelled).error], [
    500,
    { error_type: "cancelled", message: "cancelled" },
  ]);
  // There is room for one again.
  await worker.run(5000, ECHO, { args: ["in"] });
  const next = await worker.answer();
  assertEquals([next.id, json(next).result], [5000, ["in"]]);
  for (let id = 1; id <= requests; id++) await worker.send(id, { type: "cancel" });
  const ended = new Set<number>();
  while (ended.size < requests - 1) ended.add((await worker.answer()).id);
  assertEquals(ended.has(500), false);
});

Deno.test("cancelling a request that is not running has no response", async () => {
  await using worker = await startWorker();
  await worker.send(4, { type: "cancel" });
  await worker.run(5, ECHO);
  assertEquals((await worker.answer()).id, 5);
});

Deno.test("an open that is cancelled has failed", async () => {
  await using worker = await startWorker();
  await worker.send(1, { type: "open", observe: true }, {
    // With a task it is no script, which would be loaded without being run.
    code: "from capsule import task\n@task\ndef main(): pass\nwhile True: pass",
    language: "python",
  });
  assertEquals((await worker.next()).header.type, "event");
  await worker.send(1, { type: "cancel" });
  assertEquals((await worker.answer()).header, {
    type: "failed",
    code: "cancelled",
    message: "cancelled",
  });
});

Deno.test("environment variables are those that the client sends", async () => {
  await using worker = await startWorker();
  const code = `from capsule import task
import os
@task(env_variables=["ONE", "CAPSULE_CACHE_DIR"])
def main(): return [os.environ.get(name) for name in ("ONE", "CAPSULE_CACHE_DIR")]`;
  const given = { code, language: "python", policy: "declared" };
  await worker.send(1, { type: "run" }, { ...given, environment: { ONE: "é" } });
  assertEquals(json(await worker.answer()).result, ["é", null]);
  await worker.send(2, { type: "run" }, given);
  const [one, cache] = json(await worker.answer()).result as unknown[];
  assertEquals([one, typeof cache], [null, "string"]);
});

Deno.test("random bytes end with their input, and only frames have come", async () => {
  let seed = 7;
  const random = () => (seed = (seed * 48271) % 0x7fff_ffff) / 0x7fff_ffff;
  await Promise.all(Array.from({ length: 6 }, async () => {
    const worker = await startWorker();
    for (let part = 0; part < 50; part++) {
      const size = Math.floor(random() * 4000);
      const bytes = Uint8Array.from({ length: size }, () => random() * 256);
      // Half of them claim to be small, so that headers are read.
      if (random() < 0.5) bytes.set([1, 0, 0, 0, 9, 0, 0, 0, 9, 0, 0, 0].slice(0, size));
      await worker.write(bytes);
    }
    const { status, frames, stderr } = await worker.end();
    assertEquals([status, stderr], [0, ""]);
    assertEquals(frames.every(({ header }) => header.type === "failed"), true);
  }));
});

Deno.test("a worker refuses to run on a terminal", async () => {
  const { stdout, stderr, status } = await cli(["worker", "now"], { cwd: "/" });
  assertEquals([status, stdout], [2, ""]);
  assertStringIncludes(stderr, `unexpected argument "now"`);
  const help = await cli(["worker", "--help"], { cwd: "/" });
  assertEquals(help.status, 0);
  assertStringIncludes(help.stdout, "protocol/README.md");
});
