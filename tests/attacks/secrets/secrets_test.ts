/** Secrets: seen by the servers that they are for, and by nobody else. */
import {
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertTrue,
} from "../../support/assert.ts";
import { authority } from "../../support/certificates.ts";
import { serve } from "../../support/servers.ts";
import { cli, project, ROOT } from "../../support/support.ts";
import {
  CapsuleError,
  open,
  run,
  type RunEvent,
  type RunOptions,
  type RunSettings,
} from "@capsule/sdk/runner";

const VALUE = "sk-live-0123456789-ABC";
const BASIC = btoa(`me:${VALUE}`);

const CODES = {
  typescript: `import { task } from "@capsule/sdk";
    task({ name: "main" }, async (url, headers, body, method) => {
      const filled = (text) => text.replaceAll("KEY", process.env.KEY);
      const all = Object.fromEntries(Object.entries(headers).map(([name, value]) =>
        [name, value.startsWith("Basic ") ? "Basic " + btoa(filled(value.slice(6))) : filled(value)]));
      const response = await fetch(filled(url), { headers: all, method: method ?? (body ? "POST" : "GET"), ...(body && { body: filled(body) }) });
      return [response.status, Object.fromEntries(response.headers), await response.text()];
    });`,
  python: `import os, base64, urllib.request
def main(url, headers, body=None, method=None):
    filled = lambda text: text.replace("KEY", os.environ["KEY"])
    basic = lambda value: "Basic " + base64.b64encode(filled(value[6:]).encode()).decode()
    all = {name: basic(value) if value.startswith("Basic ") else filled(value) for name, value in headers.items()}
    request = urllib.request.Request(filled(url), headers=all, data=filled(body).encode() if body else None, method=method)
    with urllib.request.urlopen(request) as response:
        return [response.status, dict(response.headers), response.read().decode()]`,
};

/** A server that tells what it was sent, in a header too, and cuts what it says into pieces. */
function echo(seen: string[]) {
  return (request: Request): Response => {
    const told = `${request.url}\n${
      [...request.headers].map((pair) => pair.join(": ")).join("\n")
    }`;
    seen.push(told);
    const { pathname, searchParams } = new URL(request.url);
    const to = searchParams.get("to");
    if (pathname === "/redirect" && to) return Response.redirect(to, 302);
    const bytes = new TextEncoder().encode(told);
    const headers = { "x-echo": request.headers.get("authorization") ?? "" };
    if (pathname === "/gzip") {
      const body = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
      return new Response(body, { headers: { "content-encoding": "gzip" } });
    }
    const pieces = new ReadableStream({
      async start(controller) {
        for (let at = 0; at < bytes.length; at += 3) {
          controller.enqueue(bytes.slice(at, at + 3));
          if (pathname === "/pieces") await new Promise((resolve) => setTimeout(resolve, 1));
        }
        controller.close();
      },
    });
    return new Response(pieces, { headers });
  };
}

const secrets = (more: object = {}): NonNullable<RunOptions["secrets"]> => ({
  KEY: { value: VALUE, hosts: ["127.0.0.1"], ...more },
});
const grants = { allowedHosts: ["127.0.0.1", "localhost"] };

for (const [language, code] of Object.entries(CODES)) {
  for (const isolation of ["sandbox", "process"] as const) {
    Deno.test(`${language}, ${isolation}: a secret reaches the server that it is for, and the guest never`, async () => {
      const seen: string[] = [];
      await using server = serve(echo(seen));
      const program = { code, language: language as "python", isolation };
      const events: RunEvent[] = [];
      const ask = async (args: unknown[], more: Partial<RunSettings> = {}) => {
        const envelope = await run({
          ...program,
          ...{ args, grants, secrets: secrets(), capture: true },
          onEvent: (event) => void events.push(event),
          ...more,
        });
        const told = JSON.stringify([envelope, events]);
        for (const form of [VALUE, BASIC, btoa(VALUE)]) {
          assertEquals(told.includes(form), false, told);
        }
        return envelope;
      };
      const bearer = { authorization: "Bearer KEY" };
      for (const path of ["/", "/pieces", "/gzip"]) {
        const { error, result } = await ask([server.url + path, bearer]);
        if (path === "/gzip" && error) {
          assertStringIncludes(error.message, "compressed its response");
        } else {
          assertEquals(error, null);
          assertStringIncludes(JSON.stringify(result), "*".repeat(VALUE.length));
        }
        assertStringIncludes(seen.at(-1)!, `authorization: Bearer ${VALUE}`);
        assertTrue(/accept-encoding: identity/.test(seen.at(-1)!), seen.at(-1)!);
      }
      assertEquals((await ask([server.url, { authorization: "Basic me:KEY" }])).error, null);
      assertStringIncludes(seen.at(-1)!, `authorization: Basic ${BASIC}`);
      for (const name of ["x-api-key", "api-key"]) {
        assertEquals((await ask([server.url, { [name]: "KEY" }])).error, null);
        assertStringIncludes(seen.at(-1)!, `${name}: ${VALUE}`);
      }
      const own = { secrets: secrets({ headers: ["X-Token"] }) };
      assertEquals((await ask([server.url, { "x-token": "KEY" }], own)).error, null);
      assertStringIncludes(seen.at(-1)!, `x-token: ${VALUE}`);

      const count = seen.length;
      const refused: [args: unknown[], problem: string, more?: Partial<RunSettings>][] = [
        [[`${server.url}/KEY`, {}], "is in the URL"],
        [[`${server.url}/?key=KEY`, {}], "is in the URL"],
        [[server.url, {}, "a KEY b"], "is in the body"],
        [[server.url, { "x-other": "KEY" }], "the header"],
        [[server.url, { cookie: "KEY" }], "the header"],
        [[server.url, bearer], "the header", own],
        [[`http://localhost:${server.port}/`, bearer], "may not go to"],
        [[server.url, bearer], "may not go to", { secrets: secrets({ hosts: ["api.x.com"] }) }],
        [[server.url, bearer], "may not go to", {
          secrets: secrets({ hosts: ["https://127.0.0.1"] }),
        }],
        [[server.url, bearer], "may not go to", { secrets: secrets({ hosts: ["127.0.0.1:1"] }) }],
        // It grants no host.
        [[server.url, bearer], "may not reach", { grants: {} }],
      ];
      for (const [args, problem, more] of refused) {
        const { error } = await ask(args, more);
        assertStringIncludes(error?.message ?? "it succeeded", problem);
      }
      assertEquals(seen.length, count, "nothing left");

      // A redirect to a host that it is not for.
      const to = `http://localhost:${server.port}/`;
      const { error } = await ask([`${server.url}/redirect?to=${to}`, bearer]);
      assertEquals(seen.length, count + (error ? 1 : 2));
      assertEquals(seen.slice(count + 1).some((told) => told.includes(VALUE)), false);
    });
  }

  Deno.test(`${language}: the variable holds a placeholder, whoever lists it and whatever it is set to`, async () => {
    using folder = project({ ".env": `KEY=${VALUE}` });
    const declares = language === "python"
      ? `import os, json\nfrom capsule import task\n@task(env_variables=["KEY"])\ndef main(): return json.dumps(dict(os.environ))`
      : `import { task } from "@capsule/sdk"; task({ name: "main", envVariables: ["KEY"] }, () => JSON.stringify(process.env));`;
    const values = new Set<string>();
    for (const policy of ["declared", "none"] as const) {
      const { result } = await run<string>({
        code: declares,
        ...{ language: language as "python", policy, cwd: folder.path, secrets: secrets() },
        env: { KEY: VALUE },
        grants: { envVariables: ["KEY"] },
      });
      assertEquals(result!.includes(VALUE), false);
      const { KEY } = JSON.parse(result!);
      assertTrue(/^capsule-secret-[0-9a-f]{32}$/.test(KEY), KEY);
      values.add(KEY);
    }
    assertEquals(values.size, 2, "each is new");
    await using program = await open({
      code: declares,
      language: language as "python",
      secrets: secrets(),
    });
    const [one, other] = [await program.call("main"), await program.call("main")];
    assertEquals(one.result, other.result, "fixed for a program that is open");
    const long = "x".repeat(500);
    const { result } = await run<string>({
      code: declares,
      ...{ language: language as "python", secrets: { KEY: { value: long, hosts: ["a.b"] } } },
    });
    assertEquals(JSON.parse(result!).KEY.length, 500);
  });

  Deno.test(`${language}: the memory of guests does not hold a secret, though a server repeats it`, async () => {
    const seen: string[] = [];
    await using server = serve(echo(seen));
    const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "-A", "--no-check", `--config=${ROOT}deno.json`],
        ...[`${ROOT}tests/attacks/secrets/secrets_child.ts`, language, server.url],
      ],
    }).output();
    assertEquals(success, true, new TextDecoder().decode(stderr));
    const { result, error, during, after } = JSON.parse(new TextDecoder().decode(stdout));
    assertEquals(error, null);
    assertStringIncludes(seen[0]!, "Bearer sk-live-Zx81-not-in-memory");
    assertStringIncludes(result, "Bearer ********");
    // It would be no search if what guests do have was not found.
    assertEquals(during, { value: false, placeholder: true });
    assertEquals(after.value, false);
  });
}

Deno.test("by https with an authority of the test's own, from the command line and from capsule.toml", async () => {
  const seen: string[] = [];
  const known = await authority();
  await using server = serve(echo(seen), await known.issue(["127.0.0.1"]));
  using folder = project({
    "main.ts": CODES.typescript,
    "capsule.toml": "",
    "ca.pem": known.certificate,
  });
  const options = {
    cwd: folder.path,
    env: { SSL_CERT_FILE: `${folder.path}/ca.pem`, KEY: VALUE },
  };
  const given = ["--args-json", JSON.stringify([server.url, { authorization: "Bearer KEY" }])];
  const allowed = ["run", "main.ts", "--allow-hosts", "127.0.0.1", ...given];
  const ways: [args: string[], toml: string][] = [
    [["--secret", "KEY=127.0.0.1"], ""],
    [[], `[secrets.KEY]\nhosts = ["127.0.0.1"]`],
    [
      ["--verbose", "--json"],
      `[secrets]\nKEY = { hosts = ["127.0.0.1"], headers = ["authorization"] }`,
    ],
  ];
  for (const [args, toml] of ways) {
    folder.write("capsule.toml", toml);
    const { status, stdout, stderr } = await cli([...allowed, ...args], options);
    assertEquals(status, 0, stderr);
    assertStringIncludes(seen.at(-1)!, `authorization: Bearer ${VALUE}`);
    assertStringIncludes(stdout, "*".repeat(VALUE.length));
    assertEquals((stdout + stderr).includes(VALUE), false);
  }
  const trace = Deno.readFileSync(`${folder.path}/.capsule/trace.db`);
  assertEquals(new TextDecoder("latin1").decode(trace).includes(VALUE), false);
  // A stranger's capsule.toml has no say.
  const stranger = await cli([...allowed, "--policy", "none"], options);
  assertEquals(stranger.status, 0, stranger.stderr);
  assertEquals(seen.at(-1)!.includes(VALUE), false);
  folder.write("capsule.toml", `[secrets.OTHER]\nhosts = ["127.0.0.1"]`);
  const missing = await cli(allowed, options);
  assertEquals(missing.status, 2);
  assertStringIncludes(missing.stderr, "capsule.toml: secrets.OTHER: has no value");
});

Deno.test("bad secrets are refused, and no message holds a value", async () => {
  const refusal = async (secrets: unknown) => {
    const options = { code: "def main(): return 1", language: "python", secrets } as RunOptions;
    const error = await assertRejects(() => run(options), CapsuleError);
    const told = JSON.stringify({ ...error, message: error.message });
    assertEquals([error.code, told.includes(VALUE)], ["invalid_argument", false]);
    return error.message;
  };
  const value = VALUE;
  const bad: [secrets: unknown, problem: string][] = [
    [VALUE, "secrets: must be a plain object"],
    [[VALUE], "secrets: must be a plain object"],
    [{ KEY: VALUE }, "secrets.KEY: must be a plain object"],
    [{ KEY: { value } }, "secrets.KEY: has no hosts"],
    [{ KEY: { value, hosts: VALUE } }, "secrets.KEY.hosts: must be a list of hosts"],
    [{ KEY: { value, hosts: ["a.b"], headers: VALUE } }, "must be a list of headers"],
    [{ KEY: { value, hosts: [] } }, "secrets.KEY: has no hosts"],
    [{ KEY: { value, hosts: ["*"] } }, "secrets.KEY.hosts: must name the hosts"],
    [{ KEY: { value, hosts: ["a.b"], header: "x" } }, "secrets.KEY.header: unknown key"],
    [
      { KEY: { value, hosts: ["a.b"], headers: ["host"] } },
      'must be a header that can hold a secret (got "host")',
    ],
    [{ KEY: { value, hosts: ["a.b"], headers: ["a b"] } }, '(got "a b")'],
    [{ KEY: { value, hosts: ["a.b"], headers: ["TE"] } }, '(got "TE")'],
    [
      { KEY: { value, hosts: ["a.b"], headers: ["proxy-authorization"] } },
      "must be a header that can",
    ],
    [{ KEY: { value, hosts: ["a.b"], headers: [] } }, "secrets.KEY.headers: must name"],
    [{ "K Y": { value, hosts: ["a.b"] } }, "must be the name of an environment variable"],
    [
      { KEY: { value: `${VALUE}\r\nx: y`, hosts: ["a.b"] } },
      "secrets.KEY.value: must be printable ASCII",
    ],
    [{ KEY: { value: "", hosts: ["a.b"] } }, "secrets.KEY.value: must be printable ASCII"],
    [{ KEY: { value: undefined, hosts: ["a.b"] } }, "secrets.KEY.value: must be given"],
    [{ KEY: { value: 5, hosts: ["a.b"] } }, "secrets.KEY.value: must be printable ASCII"],
    [{ KEY: { value: VALUE.repeat(1000), hosts: ["a.b"] } }, "more than 16384 characters"],
  ];
  for (const [secrets, problem] of bad) assertStringIncludes(await refusal(secrets), problem);
});
