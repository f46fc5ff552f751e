/** A folder that is exchanged while it is mounted: the folder that was checked is the one that guests see. */
import { assertEquals, assertRejects } from "../../support/assert.ts";
import { type Project, project, runOrThrow as run } from "../../support/support.ts";
import { swapping } from "./swapping.ts";
import { CapsuleError, open } from "@capsule/sdk/runner";

const SECRET = "the secret of the host";
const READ = `import os
def main():
    try: return open("/wk/in/f").read()
    except OSError as error: return "absent"`;

function workspace(): Project {
  return project({
    "outside/f": SECRET,
    "root/capsule.toml": "",
    "root/wk/in/f": "inside",
    "root/other/f": "other",
  });
}

for (const isolation of ["sandbox", "process"] as const) {
  Deno.test(`a mount that is swapped for a link leads inside or is refused (${isolation})`, async () => {
    using folder = workspace();
    Deno.symlinkSync("../../outside", `${folder.path}/root/wk/link`);
    const seen = new Map<string, number>();
    {
      await using _ = swapping(`${folder.path}/root/wk`, ["in", "link"]);
      await new Promise((resolve) => setTimeout(resolve, 300));
      const startedMs = Date.now();
      const isOver = () => Date.now() - startedMs > (seen.has("inside") ? 4000 : 30_000);
      while (!isOver()) {
        let outcome: string;
        try {
          const options = { language: "python", cwd: `${folder.path}/root`, isolation } as const;
          const envelope = await run({ code: READ, mounts: ["wk/in:ro"], ...options });
          outcome = String(envelope.result);
        } catch (error) {
          if (!(error instanceof CapsuleError)) throw error;
          outcome = error.code;
        }
        seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
      }
    }
    const outcomes = [...seen.keys()].filter((name) => !["mount_denied", "absent"].includes(name));
    assertEquals(outcomes, ["inside"], JSON.stringify([...seen]));
  });
}

Deno.test("a folder that is replaced between calls stays what it was when it was granted", async () => {
  using folder = workspace();
  const root = `${folder.path}/root`;
  const options = { language: "python" as const, cwd: root, mounts: ["wk/in:ro"] };
  await using program = await open({ code: READ, ...options });
  const read = async () => (await program.call("main")).result;
  assertEquals(await read(), "inside");
  Deno.renameSync(`${root}/wk/in`, `${root}/wk/before`);
  assertEquals(await read(), "inside");
  for (const target of ["../../outside", "/etc", "../other"]) {
    Deno.symlinkSync(target, `${root}/wk/in`);
    assertEquals(await read(), "inside");
    Deno.removeSync(`${root}/wk/in`);
  }
  Deno.mkdirSync(`${root}/wk/in`);
  folder.write("root/wk/in/f", "new");
  assertEquals(await read(), "inside");
  // Whoever grants it anew has the new one.
  await using again = await open({ code: READ, ...options });
  assertEquals((await again.call("main")).result, "new");
});

Deno.test("a mount through links is its real folder, and must lie inside", async () => {
  using folder = workspace();
  const root = `${folder.path}/root`;
  const mounted = async (host: string) => {
    const mounts = [`${host}::wk/in:ro`];
    return (await run({ code: READ, language: "python", cwd: root, mounts })).result;
  };
  Deno.symlinkSync("wk/in", `${root}/inward`);
  Deno.symlinkSync("../outside", `${root}/outward`);
  Deno.symlinkSync("loop", `${root}/loop`);
  assertEquals(await mounted("inward"), "inside");
  for (const host of ["outward", "loop", "wk/in/f", "x".repeat(5000), "wk/in/f/deeper"]) {
    const error = await assertRejects(() => mounted(host), CapsuleError);
    assertEquals(error.code, "mount_denied", host);
  }
});
