/** Names: which of them are asked for, and the addresses that they may have. */
import { assertEquals, assertTrue } from "../../support/assert.ts";
import { answer, serve } from "../../support/servers.ts";
import { attack, type Language, LANGUAGES } from "../attack.ts";
import { serveNames } from "./name_server.ts";
import { onOwnMachine } from "./own_machine.ts";
import { askHosts, assertRefused, type GuestRequest, prelude } from "./requests.ts";

/** On a machine of their own, tests have this address, too. */
const PUBLIC = "93.184.216.34";
const REFUSED = /may not reach|credentials|malformed|invalid|URL|Error/i;

const everywhere = () => serve(answer, { hostname: "::" });

/** By the language's own libraries, and past them. */
function ways(urls: string[]): GuestRequest[] {
  return urls.flatMap((url) => [{ url }, { url, raw: true }]);
}

async function unlisted(language: Language): Promise<void> {
  await using names = await serveNames(() => [PUBLIC]);
  await using server = everywhere();
  const { port } = server;
  const hosts = [
    ...[
      "evil.test",
      "api.test.evil.test",
      "evilapi.test",
      "xapi.test",
      "sub.api.test",
      "test",
      "api",
    ],
    ...["wild.test", "evilwild.test", "a.wild.test.evil.test", ".wild.test", "..wild.test", "*"],
    ...["*.api.test", "api.test@evil.test", `api.test:${port}@evil.test`, "api.test%40evil.test"],
    ...[
      "u:api.test@evil.test",
      "evil.test\\@api.test",
      "evil.test#@api.test",
      "evil.test?@api.test",
    ],
    ...[
      "evil.test/api.test",
      "evil.test;api.test",
      "api.test%2f@evil.test",
      "api.test%2eevil.test",
    ],
    ...[
      "api.test%00.evil.test",
      "api.test\0.evil.test",
      "api.test%0d%0a.evil.test",
      "api.test\t.evil.test",
    ],
    ...[
      "api。test。evil。test",
      "api.test.。",
      "api.test..",
      ".api.test",
      "api..test",
      "-api.test",
    ],
    ...[
      "аpi.test",
      "api.tеst",
      "xn--pi-7kc.test",
      "apı.test",
      "api-test",
      "api_test",
      "[api.test]",
    ],
    ...[
      "api.test,evil.test",
      "api.test evil.test",
      "api.test|evil.test",
      `${"a".repeat(300)}.test`,
    ],
    ...["xn--.test", "xn--a.test", "bucher.test", "xn--bucher-kva.test", "büch​er.evil.test"],
  ];
  const urls = hosts.map((host) => `http://${host}:${port}/text`);
  urls.push(`http://evil.test:${port}`, `http:\\\\evil.test:${port}`, `http:///evil.test:${port}/`);
  urls.push(`//evil.test:${port}/`, `http:evil.test:${port}`, `HTTP://EVIL.TEST:${port}/`);
  const requests = ways(urls);
  const listed = ["api.test", "*.wild.test", "bücher.test"];
  const { outcomes } = await askHosts(requests, { language, hosts: listed });
  assertRefused(requests, outcomes, REFUSED);
  assertEquals([names.names, server.requests], [[], []]);
  const fine = ["api.test", "a.wild.test", "a.b.wild.test", "xn--bcher-kva.test"];
  const asked = fine.map((host) => ({ url: `http://${host}:${port}/text` }));
  const served = await askHosts(asked, { language, hosts: listed });
  assertEquals(served.outcomes, fine.map(() => ({ status: 200, text: "hello" })));
  assertEquals([...new Set(names.names)], fine);
}

async function spellings(language: Language): Promise<void> {
  await using names = await serveNames(() => [PUBLIC]);
  await using server = everywhere();
  const hosts = ["API.TEST", "api.test.", "ａpi.test", "api。test", "api%2etest", "ap\u00adi.test"];
  const urls = hosts.map((host) => `http://${host}:${server.port}/text`);
  const requests = [
    ...urls,
    `http://evil.test%2f@api.test:${server.port}/text`,
    `http://api.\ntest:${server.port}/text`,
  ]
    .map((url) => ({ url, raw: true }));
  for (const listed of ["api.test", "Api.Test.", "ａpi.test", `http://api.test:${server.port}/`]) {
    const { outcomes, envelope } = await askHosts(requests, { language, hosts: [listed] });
    assertEquals(outcomes, requests.map(() => ({ status: 200, text: "hello" })));
    assertTrue(!JSON.stringify(envelope.execution).includes("evil"), "user-info is told");
  }
  assertEquals([...new Set(names.names)], ["api.test"]);
}

const NOT_PUBLIC = [
  ...[
    "127.0.0.1",
    "127.8.8.8",
    "10.0.0.1",
    "172.16.5.4",
    "172.31.255.255",
    "192.168.1.1",
    "0.0.0.0",
  ],
  ...[
    "169.254.169.254",
    "169.254.1.1",
    "100.64.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
  ],
  ...["198.18.0.1", "192.0.2.1", "240.0.0.1", "255.255.255.255", "224.0.0.1", "0.1.2.3"],
  ...["::1", "::", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1", "::ffff:10.0.0.1"],
  ...[
    "::ffff:169.254.169.254",
    "::127.0.0.1",
    "64:ff9b::a00:1",
    "2002:a00:1::",
    "2001:db8::1",
    "100::1",
  ],
];

async function notPublic(language: Language): Promise<void> {
  await using names = await serveNames((name) => {
    const index = /^n(\d+)\.name\.test$/.exec(name)?.[1];
    return index === undefined ? undefined : [NOT_PUBLIC[Number(index)]!];
  });
  await using server = everywhere();
  const urls = NOT_PUBLIC.map((_, at) => `http://n${at}.name.test:${server.port}/text`);
  const requests = ways(urls);
  const named = NOT_PUBLIC.map((_, at) => `n${at}.name.test`);
  for (
    const hosts of [["*"], ["*.name.test"], [...named, "*.168.1.1.test", "10.0.0.2", "example.com"]]
  ) {
    const { outcomes } = await askHosts(requests, { language, hosts });
    assertRefused(requests, outcomes, /which is not public, and not listed by itself/);
  }
  // Addresses, with no name in between.
  const literal = ways(
    NOT_PUBLIC.map((address) =>
      `http://${address.includes(":") ? `[${address}]` : address}:${server.port}/text`
    ),
  );
  const { outcomes } = await askHosts(literal, { language, hosts: ["*"] });
  assertRefused(literal, outcomes, /which is not public, and not listed by itself/);
  assertEquals(server.requests, []);
  assertTrue(names.names.length >= requests.length, "names were looked up");
}

async function listedItself(language: Language): Promise<void> {
  const zone: Record<string, string[]> = {
    "loop.test": ["127.0.0.1"],
    "ten.test": ["10.0.0.1"],
    "unique.test": ["fd00::5"],
    "mapped.test": ["::ffff:10.0.0.1"],
    "public.test": [PUBLIC],
  };
  await using _names = await serveNames((name) => zone[name]);
  await using server = everywhere();
  const ask = async (name: string, hosts: string[]) => {
    const request = { url: `http://${name}:${server.port}/text` };
    const { outcomes } = await askHosts([request], { language, hosts });
    if ("status" in outcomes[0]!) return outcomes[0].status;
    assertRefused([request], outcomes, /which is not public, and not listed by itself/);
    return "refused";
  };
  const { port } = server;
  assertEquals(await ask("public.test", ["public.test"]), 200);
  assertEquals(await ask("public.test", ["*"]), 200);
  assertEquals(await ask("loop.test", ["loop.test", "localhost"]), 200);
  assertEquals(await ask("loop.test", ["*", "127.0.0.1"]), 200);
  assertEquals(await ask("ten.test", ["ten.test", `10.0.0.1:${port}`]), 200);
  assertEquals(await ask("unique.test", ["*.test", "[fd00::5]"]), 200);
  assertEquals(await ask("mapped.test", ["mapped.test", "10.0.0.1"]), 200);
  // Another one, or for something else.
  assertEquals(
    await ask("ten.test", ["ten.test", "localhost", "127.0.0.1", "10.0.0.2"]),
    "refused",
  );
  assertEquals(await ask("ten.test", ["ten.test", "10.0.0.1:1"]), "refused");
  assertEquals(await ask("ten.test", ["ten.test", "https://10.0.0.1"]), "refused");
  assertEquals(await ask("loop.test", ["loop.test", "*.localhost"]), "refused");
}

async function mixed(language: Language): Promise<void> {
  const zone: Record<string, string[]> = {
    "first.test": [PUBLIC, "10.0.0.1"],
    "last.test": ["169.254.169.254", PUBLIC],
    "six.test": [PUBLIC, "fd00::1"],
    "loop.test": [PUBLIC, "93.184.216.35", "127.0.0.1"],
  };
  let lookups = 0;
  await using names = await serveNames((name) =>
    // One that changes its mind: both kinds of addresses are asked for each time.
    name === "rebind.test" ? [lookups++ < 2 ? PUBLIC : "127.0.0.1"] : zone[name]
  );
  const closing = () => new Response("hello", { headers: { connection: "close" } });
  await using server = serve(closing, { hostname: "::" });
  const requests = ways(Object.keys(zone).map((name) => `http://${name}:${server.port}/`));
  const { outcomes } = await askHosts(requests, { language, hosts: ["*"] });
  assertRefused(requests, outcomes, /which is not public, and not listed by itself/);
  assertEquals(server.requests, []);

  names.names.length = 0;
  const again = Array.from(
    { length: 4 },
    () => ({ url: `http://rebind.test:${server.port}/`, raw: true }),
  );
  const rebound = await askHosts(again, { language, hosts: ["rebind.test"] });
  assertEquals(rebound.outcomes.shift(), { status: 200, text: "hello" });
  assertRefused(again.slice(1), rebound.outcomes, /127\.0\.0\.1, which is not public/);
  assertEquals(server.requests, ["GET /"]);
  // What was checked is what is connected to: no name is looked up a second time.
  assertEquals(names.names.length, 2 * again.length);
}

async function redirected(language: Language): Promise<void> {
  await using names = await serveNames(() => [PUBLIC]);
  await using server = serve(({ url }) => {
    const to = new URL(url).searchParams.get("to")!;
    return Response.redirect(to, 302);
  }, { hostname: "::" });
  const { port } = server;
  const targets = [
    `http://evil.test:${port}/`,
    `http://api.test@evil.test:${port}/`,
    "http://10.0.0.1/",
  ];
  const requests = targets.map((to) => ({
    url: `http://api.test:${port}/?to=${encodeURIComponent(to)}`,
  }));
  const { outcomes } = await askHosts(requests, { language, hosts: ["api.test"] });
  assertRefused(requests, outcomes, /may not reach|cross origin/);
  assertEquals([...new Set(names.names)], ["api.test"]);
  assertEquals(server.requests.length, targets.length);
}

async function silent(language: Language): Promise<void> {
  await using _names = await serveNames((name) => name === "silent.test" ? null : undefined);
  const request = [{ url: "http://none.test/" }];
  const { outcomes } = await askHosts(request, { language, hosts: ["none.test"] });
  assertRefused(request, outcomes, /the host none\.test is not found|none\.test/);
  const code = prelude(language) + {
    typescript: `task({ name: "main", allowedHosts: ["*"], timeout: 250 }, (url) => ask({ url }));`,
    python: '\n@task(allowed_hosts=["*"], timeout=250)\ndef main(url): return ask({"url": url})',
  }[language];
  const { error, execution } = await attack({ language, code, args: ["http://silent.test/"] });
  assertEquals(error?.error_type, "timeout", error?.message);
  assertTrue(execution.duration_ms < 400, `${execution.duration_ms} ms`);
}

const TESTS = {
  "no query leaves for a name that is not listed": unlisted,
  "a listed name is that one in all its spellings": spellings,
  "a name with an address that is not public is refused": notPublic,
  "an address that is not public is reached if it is listed itself": listedItself,
  "a name with public and other addresses is refused, at once or later": mixed,
  "a redirect to a name that is not listed asks for no name": redirected,
  "a name that nobody knows, or nobody answers for, is an error on time": silent,
};

onOwnMachine(
  import.meta.url,
  Object.fromEntries(
    LANGUAGES.flatMap((language) =>
      Object.entries(TESTS).map(([name, test]) => [`${language}: ${name}`, () => test(language)])
    ),
  ),
);
