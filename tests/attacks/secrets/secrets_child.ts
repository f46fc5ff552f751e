/**
 * Runs a task that has a server repeat its secret, and searches the memory that guests have for it meanwhile.
 *
 * Usage: deno run -A secrets_child.ts LANGUAGE URL     prints what was found, as JSON
 */
import { run } from "@capsule/sdk/runner";

const VALUE = "sk-live-Zx81-not-in-memory";
const PLACEHOLDER = "capsule-secret-";

const CODES = {
  python: `import os, time, urllib.request
kept = []
def main(url):
    request = urllib.request.Request(url, headers={"authorization": "Bearer " + os.environ["KEY"]})
    kept.append(urllib.request.urlopen(request).read())
    print("now", flush=True)
    time.sleep(3)
    return kept[0].decode()`,
  typescript: `import { task } from "@capsule/sdk";
task({ name: "main" }, async (url) => {
  const response = await fetch(url, { headers: { authorization: "Bearer " + process.env.KEY } });
  globalThis.kept = await response.text();
  console.log("now");
  await new Promise((resolve) => setTimeout(resolve, 3000));
  return globalThis.kept; });`,
};

const [language = "", url = ""] = Deno.args;
let during: Found | undefined;
const { result, error } = await run({
  code: CODES[language as "python"],
  language: language as "python",
  args: [url],
  secrets: { KEY: { value: VALUE, hosts: ["127.0.0.1"] } },
  grants: { allowedHosts: ["127.0.0.1"] },
  onEvent: (event) => {
    if (event.type === "output") during = search();
  },
});
console.log(JSON.stringify({ result, error, during, after: search() }));

interface Found {
  value: boolean;
  placeholder: boolean;
}

/** Looks through all that is mapped from an image, and what lies behind it: the memory of guests. */
function search(): Found {
  const memory = Deno.openSync("/proc/self/mem");
  const found = { value: false, placeholder: false };
  let end = "";
  /** Where the memory of a guest ends at the latest: what lies behind is the host's. */
  let limit = 0;
  for (const line of Deno.readTextFileSync("/proc/self/maps").split("\n")) {
    const [, from, to, mode, name] = line.match(/^(\w+)-(\w+) (\S+) \S+ \S+ \S+\s*(.*)$/) ?? [];
    const isImage = /^\/memfd:|\.(?:base|image)\b/.test(name ?? "");
    if (isImage && from !== end) limit = parseInt(from!, 16) + 4 * 2 ** 30;
    const isGuest = isImage || from === end && parseInt(from, 16) < limit;
    end = isGuest ? to! : "";
    if (!isGuest || !mode!.startsWith("r")) continue;
    let at = parseInt(from!, 16);
    const last = parseInt(to!, 16);
    while (at < last) {
      const bytes = new Uint8Array(Math.min(last - at, 16 << 20));
      memory.seekSync(at, Deno.SeekMode.Start);
      const count = memory.readSync(bytes);
      if (!count) break;
      const text = new TextDecoder("latin1").decode(bytes.subarray(0, count));
      found.value ||= text.includes(VALUE);
      found.placeholder ||= text.includes(PLACEHOLDER);
      at += count;
    }
  }
  memory.close();
  return found;
}
