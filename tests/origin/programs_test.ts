/** Programs written for capsule-run run as they are: docs/from-capsule-run.md. Those here use all that its examples use. */
import { assertEquals, assertMatch, assertStringIncludes } from "../support/assert.ts";
import { cli, project, runOrThrow as run } from "../support/support.ts";
import { serve } from "../support/servers.ts";

const FILES_TS = `import { task } from "@capsule-run/sdk";
import fs from "fs";
import fsPromises from "fs/promises";

export const save = task({
  name: "save_report",
  allowedFiles: [{ path: "./out", mode: "read-write" }],
}, async (text: string) => {
  await fsPromises.mkdir("./out/a/b", { recursive: true });
  fs.writeFileSync("./out/report.txt", text);
  await fsPromises.cp("out/report.txt", "out/a/b/copy.txt");
  return { saved: true };
});

export const main = task({ name: "main", allowedFiles: [{ path: "./in", mode: "read-only" }] },
  async (): Promise<object> => {
    const text = fs.readFileSync("./in/a.txt", "utf8") as string;
    const saved = await save(text.trim().toUpperCase());
    let refused = "";
    try { fs.writeFileSync("./in/a.txt", "changed"); } catch (error) { refused = (error as any).code; }
    return { text, refused, saved: saved.result, outside: fs.existsSync("./out") };
  });
`;

const FILES_PY = `import os, shutil
from capsule import task

@task(name="save_report", allowed_files=[{"path": "./out", "mode": "read-write"}])
def save(text: str) -> dict:
    os.makedirs("./out/a/b", exist_ok=True)
    with open("./out/report.txt", "w") as f:
        f.write(text)
    shutil.copy2("out/report.txt", "out/a/b/copy.txt")
    return {"saved": True}

@task(name="main", allowed_files=[{"path": "./in", "mode": "read-only"}])
def main() -> dict:
    with open("./in/a.txt") as f:
        text = f.read()
    saved = save(text.strip().upper())
    refused = ""
    try:
        open("./in/a.txt", "w")
    except OSError as error:
        refused = {13: "EACCES", 30: "EROFS"}.get(error.errno, "EROFS")
    return {"text": text, "refused": refused, "saved": saved["result"], "outside": os.path.exists("./out")}
`;

Deno.test("folders with modes, and a sub-task that has another folder", async () => {
  for (const [file, program] of Object.entries({ "main.ts": FILES_TS, "main.py": FILES_PY })) {
    using folder = project({ "in/a.txt": "text\n", "out/old.txt": "", [file]: program });
    const { result, error } = await run<{ refused: string }>({ file, cwd: folder.path });
    assertEquals(error, null, error?.message);
    assertMatch(result!.refused, /^(?:EROFS|EACCES)$/);
    assertEquals({ ...result, refused: "" }, {
      ...{ text: "text\n", refused: "", saved: { saved: true }, outside: false },
    });
    assertEquals(folder.read("out/a/b/copy.txt"), "TEXT");
  }
});

const LIMITS_TS = `import { task } from "@capsule-run/sdk";
const late = task({ name: "late", timeout: "300ms", compute: "HIGH" }, async (): Promise<string> => {
  await new Promise((resolve) => setTimeout(resolve, 10000));
  return "too late";
});
const busy = task({ name: "busy", compute: "LOW", timeout: 60000 }, (): number => {
  let sum = 0;
  for (let i = 0; i < 1e9; i++) sum += Math.sqrt(i) * Math.sin(i);
  return sum;
});
const exact = task({ name: "exact", compute: 50000 }, (): void => { while (true); });
const large = task({ name: "large", ram: "64MB", compute: "HIGH" }, async (): Promise<number> => {
  const arrays: number[][] = [];
  while (true) arrays.push(Array.from({ length: 100000 }, (_, i) => i * 0.5));
});
const small = task({ name: "small", ram: "5MB", timeout: "3s" }, () => 1);
export const main = task({ name: "main", compute: "HIGH", timeout: "120s" }, async () => {
  const calls = [await late(), busy(), exact(), await large(), await small()];
  return calls.map(({ success, error }) => [success, error!.error_type]);
});
`;

const LIMITS_PY = `import math, time
from capsule import task
@task(name="late", timeout="300ms", compute="HIGH")
def late() -> str:
    time.sleep(10)
    return "too late"
@task(name="busy", compute="LOW", timeout="60s")
def busy() -> float:
    return sum(math.sqrt(i) for i in range(1_000_000_000))
@task(name="exact", compute="50000")
def exact():
    while True: pass
@task(name="large", ram="64MB", compute="HIGH")
def large():
    lists = []
    while True: lists.append([i * 0.5 for i in range(1_000_000)])
@task(name="small", ram="5MB", timeout="3s")
def small(): return 1
@task(name="main", compute="HIGH", timeout="120s")
def main():
    calls = [late(), busy(), exact(), large(), small()]
    return [[call["success"], call["error"]["error_type"]] for call in calls]
`;

Deno.test("limits end a task, not the one that called it", async () => {
  for (const [language, code] of [["typescript", LIMITS_TS], ["python", LIMITS_PY]] as const) {
    const { result, error } = await run({ code, language, limits: { timeout: "60s", ram: "4GB" } });
    assertEquals(error, null, error?.message);
    assertEquals(result, [
      ...["timeout", "fuel_exhausted", "fuel_exhausted", "memory_limit", "memory_limit"]
        .map((type) => [false, type]),
    ]);
  }
});

const REQUESTS_TS = `import { task } from "@capsule-run/sdk";
const ask = task({ name: "ask", allowedHosts: ["127.0.0.1"] }, async (base: string): Promise<any> => {
  const response = await fetch(base + "/a", {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ a: 1 }),
  });
  return response.ok ? await response.json() : { error: response.status };
});
const refused = task({ name: "refused" }, async (base: string) => (await fetch(base)).status);
export const main = task({ name: "main" }, async (base: string) =>
  [(await ask(base)).result, (await refused(base)).error!.message]);
`;

const REQUESTS_PY = `import json, urllib.request
from capsule import task
@task(name="ask", compute="MEDIUM", allowed_hosts=["127.0.0.1"])
def ask(base):
    data = json.dumps({"a": 1}).encode("utf-8")
    request = urllib.request.Request(
        base + "/a", data=data, headers={"Content-Type": "application/json"}, method="POST")
    with urllib.request.urlopen(request) as response:
        return json.loads(response.read().decode("utf-8"))
@task(name="refused")
def refused(base): return urllib.request.urlopen(base).status
@task(name="main")
def main(base): return [ask(base)["result"], refused(base)["error"]["message"]]
`;

Deno.test("requests reach the hosts that a task lists", async () => {
  await using server = serve(async (request) =>
    Response.json([request.method, request.headers.get("content-type"), await request.json()])
  );
  for (const [language, code] of [["typescript", REQUESTS_TS], ["python", REQUESTS_PY]] as const) {
    const options = { code, language, policy: "declared" } as const;
    const { result, error } = await run<[unknown, string]>({ ...options, args: [server.url] });
    assertEquals(error, null, error?.message);
    assertEquals(result![0], ["POST", "application/json", { a: 1 }]);
    assertStringIncludes(result![1], 'the task may not reach "127.0.0.1"');
  }
});

Deno.test("a project: an entry point, defaults, .env, names with spaces, retries, three levels", async () => {
  using folder = project({
    "capsule.toml":
      '[workflow]\nname = "lines"\nversion = "0.1.0"\nentrypoint = "main.ts"\n\n[tasks]\ndefault_ram = "256MB"\n',
    ".env": "SERVICE_KEY=k\nSERVICE_MODEL=m\n",
    "source/lines.json": '{"lines": ["one", "two"]}',
    "output/lines.csv": "line,tone",
    "main.ts": `import { task } from "@capsule-run/sdk";
import fs from "fs";
const read = task({ name: "Read Lines", compute: "LOW", allowedFiles: ["source"] },
  async (): Promise<{ lines: string[] }> => JSON.parse(fs.readFileSync("source/lines.json", "utf-8")));
const save = task({ name: "Save Line", allowedFiles: ["output"] },
  async (line: string, tone: string): Promise<void> => {
    const rows = fs.readFileSync("output/lines.csv", "utf-8").trim().split("\\n");
    rows.push(\`"\${line}",\${tone}\`);
    fs.writeFileSync("output/lines.csv", rows.join("\\n"));
  });
const rate = task({ name: "Rate Line", envVariables: ["SERVICE_KEY", "SERVICE_MODEL"] },
  async (line: string): Promise<string> =>
    [process.env.SERVICE_KEY, process.env.SERVICE_MODEL, process.env.HOME, line.length].join());
const agent = task({ name: "Agent", compute: "MEDIUM", maxRetries: 1, timeout: "1.8s" },
  async (line: string) => {
    await save(line, (await rate(line)).result!);
    if (line === "two") throw new Error("two");
    return;
  });
task({ name: "main", compute: "HIGH" }, async () => {
  let failed = 0;
  for (const line of (await read()).result!.lines) if (!(await agent(line)).success) failed++;
  console.log("failed:", failed);
  return;
});
`,
  });
  // What would be wrong to use: the SDK is the engine's, whatever is installed.
  folder.write("node_modules/@capsule-run/sdk/package.json", '{"main": "index.js"}');
  folder.write("node_modules/@capsule-run/sdk/index.js", "throw new Error('not this one')");
  const { status, stdout, stderr } = await cli(["run"], { cwd: folder.path });
  assertEquals([status, stdout], [0, "failed: 1\n"], stderr);
  const rows = 'line,tone\n"one",k,m,,3\n"two",k,m,,3\n"two",k,m,,3';
  assertEquals(folder.read("output/lines.csv"), rows);
});
