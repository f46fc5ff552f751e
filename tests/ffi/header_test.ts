/** capsule.h says what crosses the border: somebody has to be able to write a client from it alone. */
import { assertEquals } from "../support/assert.ts";
import { ROOT } from "../support/support.ts";

const SOURCES = [
  ...["runtime/request.rs", "policy/limits.rs", "policy/task_policy.rs", "program/sources.rs"],
  ...["events/queue.rs", "events/envelope.rs", "engine/source.rs", "files/folder.rs"],
  ...["fixed/mod.rs", "network/rules.rs", "network/secrets.rs", "values/failure.rs"],
];

function read(file: string): string {
  return Deno.readTextFileSync(`${ROOT}ffi/native/${file}`);
}

/** The names that serde reads and writes in JSON. */
function members(source: string): string[] {
  const types = source.matchAll(/^#\[derive\([^)]*(?:De)?[Ss]erialize[^)]*\)\][^{]*\{([^]*?)^\}/gm);
  return Array.from(types).filter(([whole]) => !whole.includes("GuestFailure")).flatMap(
    ([, body]) => Array.from(body!.matchAll(/^ +(?:pub )?([a-z_]+): /gm), ([, name]) => name!),
  );
}

Deno.test("capsule.h documents every member of requests, events and envelopes", () => {
  const header = read("capsule.h");
  for (const file of SOURCES) {
    const names = members(read(`src/${file}`).replaceAll(/#\[serde\(flatten\)\]\n.*\n/g, ""));
    assertEquals(names.length > 0, true, file);
    assertEquals(names.filter((name) => !new RegExp(`[\`"]${name}[\`"]`).test(header)), [], file);
  }
});

Deno.test("capsule.h documents every event and every error type", () => {
  const header = read("capsule.h");
  const [, events] = read("src/events/queue.rs").match(/pub enum Event<'a> \{([^]*?)^\}/m)!;
  const names = Array.from(
    events!.matchAll(/^ {4}([A-Z]\w+) \{/gm),
    ([, name]) => name!.replaceAll(/(?<!^)[A-Z]/g, "_$&").toLowerCase(),
  );
  assertEquals(names.length, 10);
  const types = read("src/values/failure.rs").matchAll(/Self::\w+ => "([a-z_]+)",/g);
  const all = [...names, ...Array.from(types, ([, type]) => type!)];
  assertEquals(all.filter((name) => !header.includes(`\`${name}\``)), []);
});
