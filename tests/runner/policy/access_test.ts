/** Files, hosts, variables and mounts as the original's documentation shows their use; and apart from each other. */
import { open } from "@capsule/sdk/runner";
import { assertEquals, assertStringIncludes } from "../../support/assert.ts";
import { serve } from "../../support/servers.ts";
import { cli, project, runOrThrow as run, warmEngines } from "../../support/support.ts";

await warmEngines();

/** A task of the original's SDK, by its names. */
const FILES = {
  "main.ts": `
import { task } from "@capsule-run/sdk";
import fs from "fs";
import { readFile } from "fs/promises";
const report = task({ name: "report", allowedFiles: ["./out"] }, (text: string) => {
  fs.writeFileSync("./out/report.txt", text);
  return fs.readdirSync("./out");
});
export const main = task({
  name: "main",
  allowedFiles: [{ path: "./in", mode: "read-only" }],
}, async () => {
  const lines = (await readFile("./in/lines.txt", "utf8")).trim().split("\\n");
  let refused = "";
  try { fs.writeFileSync("./in/lines.txt", ""); } catch (error) { refused = error.code; }
  const seen = fs.existsSync("./out");
  return { lines: lines.length, refused, seen, report: (await report(lines[0])).result };
});`,
  "main.py": `
from pathlib import Path
from capsule import task

@task(name="report", allowed_files=["./out"])
def report(text: str) -> list:
    Path("./out/report.txt").write_text(text)
    return [entry.name for entry in Path("./out").iterdir()]

@task(name="main", allowed_files=[{"path": "./in", "mode": "read-only"}])
def main() -> dict:
    with open("./in/lines.txt") as file:
        lines = file.read().strip().split("\\n")
    refused = ""
    try:
        open("./in/lines.txt", "w")
    except OSError:
        refused = "EROFS"
    return {"lines": len(lines), "refused": refused, "seen": Path("./out").exists(),
            "report": report(lines[0])["result"]}`,
};

for (const [file, source] of Object.entries(FILES)) {
  Deno.test(`${file}: a task has the folders that it declares, and no others`, async () => {
    using folder = project({ [file]: source, "in/lines.txt": "first\nsecond\n", "out/x": "" });
    const { stdout, stderr, status } = await cli(["run", file], { cwd: folder.path });
    assertEquals([status, stderr], [0, ""]);
    const { report, ...rest } = JSON.parse(stdout);
    assertEquals(rest, { lines: 2, refused: "EROFS", seen: false });
    assertEquals(report.sort(), ["report.txt", "x"]);
    assertEquals(folder.read("out/report.txt"), "first");
    assertEquals(folder.read("in/lines.txt"), "first\nsecond\n");
  });
}

const REQUESTS = {
  "main.ts": `
import { task } from "@capsule-run/sdk";
const get = task({ name: "get", compute: "LOW", allowedHosts: ["HOST"] }, async () => {
  const response = await fetch("http://HOST/posts/1");
  return response.ok ? await response.json() : { error: response.status };
});
const create = task({ name: "create", allowedHosts: ["HOST"] }, async () => {
  const response = await fetch("http://HOST/posts", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ title: "new" }),
  });
  return response.json();
});
export const main = task({ name: "main" }, async () => {
  console.log("asking");
  return { got: (await get()).result, created: (await create()).result };
});`,
  "main.py": `
import json
import urllib.request
from capsule import task

@task(name="get", compute="LOW", allowed_hosts=["HOST"])
def get():
    with urllib.request.urlopen("http://HOST/posts/1") as response:
        return json.loads(response.read().decode("utf-8"))

@task(name="create", allowed_hosts=["HOST"])
def create():
    request = urllib.request.Request("http://HOST/posts", method="POST",
        data=json.dumps({"title": "new"}).encode(), headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as response:
        return json.loads(response.read())

@task(name="main")
def main():
    print("asking")
    return {"got": get()["result"], "created": create()["result"]}`,
};

for (const [file, source] of Object.entries(REQUESTS)) {
  Deno.test(`${file}: a task asks the hosts that it declares`, async () => {
    await using server = serve(async (request) =>
      request.method === "POST"
        ? Response.json({ ...await request.json(), id: 101 }, { status: 201 })
        : Response.json({ id: 1, title: "old" })
    );
    const host = `localhost:${server.port}`;
    using folder = project({ [file]: source.replaceAll("HOST", host) });
    const { stdout } = await cli(["run", file], { cwd: folder.path });
    assertStringIncludes(stdout, "asking\n");
    assertEquals(JSON.parse(stdout.slice("asking\n".length)), {
      got: { id: 1, title: "old" },
      created: { title: "new", id: 101 },
    });
    assertEquals(server.requests, ["GET /posts/1", "POST /posts"]);
  });
}

const MOUNTED = {
  "main.ts": `
import { task } from "@capsule-run/sdk";
import fs from "fs/promises";
const deeper = task({ name: "deeper" }, () => fs.readFile("workspace/in.txt", "utf8"));
export const main = task({ name: "main", envVariables: ["API_KEY"] }, async () => {
  await fs.writeFile("workspace/out.txt", "done");
  return [(await deeper()).result, process.env.API_KEY, process.env.OTHER === undefined];
});`,
  "main.py": `
import os
from capsule import task
@task
def deeper(): return open("workspace/in.txt").read()
@task(name="main", env_variables=["API_KEY"])
def main():
    with open("workspace/out.txt", "w") as file:
        file.write("done")
    return [deeper()["result"], os.environ.get("API_KEY"), "OTHER" not in os.environ]`,
};

for (const [file, source] of Object.entries(MOUNTED)) {
  Deno.test(`${file}: a session's folder is mounted, and reaches sub-tasks`, async () => {
    const session = ".capsule/sessions/abc";
    using folder = project({ [file]: source, [`${session}/in.txt`]: "given" });
    const env = { API_KEY: "secret", OTHER: "hidden" };
    const args = ["run", file, "--mount", `${session}::workspace`];
    const byCli = await cli(args, { cwd: folder.path, env });
    assertEquals(JSON.parse(byCli.stdout), ["given", "secret", true], byCli.stderr);
    const mounts = [`${session}::workspace`];
    const { result } = await run({ file, cwd: folder.path, mounts, env });
    assertEquals(result, ["given", "secret", true]);
    assertEquals(folder.read(`${session}/out.txt`), "done");
  });
}

const APART = {
  "main.ts": `
import { task } from "@capsule/sdk";
import fs from "fs";
const look = () => async () => {
  const found: string[] = [];
  for (let round = 0; round < 20; round++) {
    for (const name of ["a", "b"]) {
      try { found.push(fs.readFileSync(\`./\${name}/x\`, "utf8")); } catch { /* not mine */ }
      if (process.env[name.toUpperCase()]) found.push(process.env[name.toUpperCase()]!);
    }
    for (const path of URLS) {
      try { found.push(await (await fetch(path)).text()); } catch { /* not mine */ }
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return [...new Set(found)].sort();
};
export const a = task({ name: "a", allowedFiles: ["./a"], allowedHosts: ["HOST_A"], envVariables: ["A"] }, look());
export const b = task({ name: "b", allowedFiles: ["./b"], allowedHosts: ["HOST_B"], envVariables: ["B"] }, look());
`,
  "main.py": `
import os, time, urllib.request
from capsule import task
def look():
    found = set()
    for _ in range(20):
        for name in ["a", "b"]:
            try: found.add(open(f"./{name}/x").read())
            except OSError: pass
            if name.upper() in os.environ: found.add(os.environ[name.upper()])
        for url in URLS:
            try: found.add(urllib.request.urlopen(url).read().decode())
            except OSError: pass
        time.sleep(0.001)
    return sorted(found)
@task(allowed_files=["./a"], allowed_hosts=["HOST_A"], env_variables=["A"])
def a(): return look()
@task(allowed_files=["./b"], allowed_hosts=["HOST_B"], env_variables=["B"])
def b(): return look()
`,
};

for (const [file, source] of Object.entries(APART)) {
  Deno.test(`${file}: tasks that run side by side see their own folders, hosts and variables`, async () => {
    await using first = serve(() => new Response("host a"));
    await using second = serve(() => new Response("host b"));
    const text = source
      .replace("URLS", JSON.stringify([first.url, second.url]))
      .replace("HOST_A", new URL(first.url).host)
      .replace("HOST_B", new URL(second.url).host);
    using folder = project({ [file]: text, "a/x": "file a", "b/x": "file b" });
    const env = { A: "env a", B: "env b" };
    await using program = await open({ file, cwd: folder.path, env });
    const ended = await Promise.all(
      Array.from({ length: 12 }, (_, index) => program.call(index % 2 ? "b" : "a")),
    );
    for (const [index, { result, error }] of ended.entries()) {
      const name = index % 2 ? "b" : "a";
      assertEquals([error, result], [null, [`env ${name}`, `file ${name}`, `host ${name}`]]);
    }
  });
}

Deno.test("a file outside of the task's folders fails with a word about them, whether it exists or not", async () => {
  using folder = project({ "data/x.txt": "x", "other/y.txt": "y" });
  const HINT = "the task was given no folder that holds it";
  const reads = {
    typescript: (path: string) =>
      `import { task } from "@capsule/sdk"; import { readFileSync } from "node:fs";
task({ name: "main", allowedFiles: FOLDERS }, () => readFileSync("${path}", "utf8"));`,
    python: (path: string) =>
      `from capsule import task
@task(allowed_files=FOLDERS)
def main(): return open("${path}").read()`,
  };
  for (const language of ["typescript", "python"] as const) {
    const messageOf = async (path: string, folders: unknown[]) => {
      const code = reads[language](path).replace("FOLDERS", JSON.stringify(folders));
      const options = { language, cwd: folder.path, policy: "declared" } as const;
      const { error } = await run({ code, ...options });
      return error!.message;
    };
    const everything = [{ path: ".", mode: "ro" }];
    for (const path of ["./data/x.txt", "/data/x.txt", "missing/x.txt", "/etc/passwd"]) {
      assertStringIncludes(await messageOf(path, ["other"]), HINT);
      assertStringIncludes(await messageOf(path, []), HINT);
    }
    for (
      const [path, folders] of [["other/none.txt", ["other"]], ["none/x", everything]] as const
    ) {
      const message = await messageOf(path, [...folders]);
      assertEquals(message.includes(HINT), false, message);
    }
  }
});
