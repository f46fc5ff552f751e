/** The user's own configuration: where its secrets go, and who has no say in it. */
import { assertEquals, assertStringIncludes } from "../support/assert.ts";
import { serve } from "../support/servers.ts";
import { cli, project, warmEngines } from "../support/support.ts";

await warmEngines();

const VALUE = "sk-user-0123456789abcdef";
const ASK = `import os, sys, urllib.request
def main(url):
  request = urllib.request.Request(url, headers={"X-Api-Key": os.environ.get("KEY", "none")})
  return urllib.request.urlopen(request).read().decode()`;

/** A home with a configuration, and a project beside it. */
function homeWith(config: string, env = "") {
  return project({
    "home/.config/capsule/config.toml": config,
    "home/.config/capsule/.env": env,
    "work/main.py": ASK,
    "work/capsule.toml": "",
  });
}

const TOML = `[secrets.KEY]\nhosts = ["127.0.0.1"]\n`;

/** Runs in the project with that home. */
function runAt(folder: string, args: string[], env: Record<string, string> = {}) {
  const home = {
    HOME: `${folder}/home`,
    XDG_CONFIG_HOME: "",
    DENO_DIR: Deno.env.get("DENO_DIR") ?? "",
  };
  return cli(args, { cwd: `${folder}/work`, env: { ...home, ...env } });
}

Deno.test("a secret of the user's goes to its hosts, under each policy, where the hosts are granted", async () => {
  const seen: (string | null)[] = [];
  await using server = serve((request) => {
    seen.push(request.headers.get("x-api-key"));
    return new Response("ok");
  });
  using folder = homeWith(TOML);
  const command = ["run", "main.py", server.url];
  const values: Record<string, string>[] = [{ KEY: VALUE }, {}];
  for (const env of values) {
    if (env.KEY === undefined) folder.write("home/.config/capsule/.env", `KEY=${VALUE}\n`);
    for (const policy of ["declared", "none"]) {
      const ways = [...command, "--policy", policy, "--allow-hosts", "127.0.0.1"];
      const { status, stdout, stderr } = await runAt(folder.path, ways, env);
      assertEquals([status, stdout, seen.pop()], [0, "ok\n", VALUE], stderr);
    }
  }
  // It grants no host, and a secret of the command line wins.
  const refused = await runAt(folder.path, command);
  assertEquals(refused.status, 1);
  assertStringIncludes(refused.stderr, "may not reach");
  const own = ["--secret", "KEY=other.example", "--allow-hosts", "127.0.0.1"];
  const elsewhere = await runAt(folder.path, [...command, ...own], { KEY: VALUE });
  assertEquals([elsewhere.status, seen.length], [1, 0], elsewhere.stderr);
  // The first one would not count.
  const twice = await runAt(folder.path, [...command, ...own, "--secret=KEY=a.com"], {
    KEY: VALUE,
  });
  assertEquals(twice.status, 2);
  assertStringIncludes(twice.stderr, "--secret KEY is given twice");
});

Deno.test("a secret without a value is ignored, and doctor lists it", async () => {
  await using server = serve((request) => new Response(request.headers.get("x-api-key")));
  using folder = homeWith(TOML);
  const command = ["run", "main.py", server.url, "--allow-hosts", "127.0.0.1"];
  const { stdout, stderr } = await runAt(folder.path, command);
  assertEquals(stdout, "none\n", stderr);
  // Some unset a variable so.
  const empty = await runAt(folder.path, command, { KEY: "" });
  assertEquals([empty.status, empty.stdout], [0, "none\n"], empty.stderr);
  const told = await runAt(folder.path, ["doctor"]);
  assertStringIncludes(told.stdout, "/home/.config/capsule/config.toml, secrets: KEY (no value)");
});

Deno.test("errors in the user's configuration have a place, and show no secret value", async () => {
  const mistakes = [
    [`[secrets.KEY]\nhosts = ["*"]`, ":1: secrets.KEY.hosts: must name the hosts"],
    [
      `[secrets.KEY]\nhosts = ["a.com"]\nvalue = "${VALUE}"`,
      "secrets.KEY: a value cannot be set in this file",
    ],
    [`[tasks]\ndefault_ram = "1GB"`, ":1: tasks: unknown table; expected one of secrets"],
    [`secrets = 5`, ":1: secrets: must be a table: [secrets]"],
    [`[secrets`, "config.toml:1:"],
  ];
  for (const [config, problem] of mistakes) {
    using folder = homeWith(config!);
    const { status, stderr } = await runAt(folder.path, ["run", "main.py", "x"]);
    assertEquals(status, 2, stderr);
    assertStringIncludes(stderr, problem!);
    assertStringIncludes(stderr, "/home/.config/capsule/config.toml");
    assertEquals(stderr.includes(VALUE), false);
  }
});

Deno.test("a project has no say in it, and guests no access to it", async () => {
  using folder = homeWith(TOML, `KEY=${VALUE}`);
  // Below the project: only a variable of the host's may lead there, and only an absolute one.
  folder.write("work/config/capsule/config.toml", "[secrets");
  const command = ["run", "main.py", "x"];
  const relative = await runAt(folder.path, command, { XDG_CONFIG_HOME: "config" });
  assertEquals(relative.status, 1, relative.stderr);
  const mistaken = await runAt(folder.path, command, {
    XDG_CONFIG_HOME: `${folder.path}/work/config`,
  });
  assertEquals(mistaken.status, 2, mistaken.stderr);
  for (const path of ["home", "home/.config", "home/.config/capsule"]) {
    for (const mode of ["ro", "rw"]) {
      const grant = ["--allow-files", `${folder.path}/${path}:${mode}`];
      const { status, stderr } = await runAt(folder.path, [...command, ...grant]);
      assertEquals(status, 2, stderr);
      // The home holds a cache, too.
      assertStringIncludes(stderr, path.includes(".config") ? "your configuration" : "holds");
    }
  }
});
