/**
 * Tests that need a machine of their own: a network of which every address is this machine, names that
 * they resolve themselves, file systems to mount. They get it as namespaces of Linux, in a process that
 * runs all of a file's, each of which is a test here as well.
 */
import { ROOT } from "../../support/support.ts";

const IS_INSIDE = Deno.env.get("CAPSULE_OWN_MACHINE") !== undefined;

/** Before the tests: every address leads back here, and nothing leads out. */
const SETUP = `
ip link set lo up
ip route add local 0.0.0.0/0 dev lo
ip -6 route add local ::/0 dev lo || true
mount -t tmpfs none /mnt
echo 'nameserver 127.0.0.1
options timeout:1 attempts:1' > /mnt/resolv.conf
echo '127.0.0.1 localhost' > /mnt/hosts
echo 'hosts: files dns' > /mnt/nsswitch.conf
for file in resolv.conf hosts nsswitch.conf; do mount --bind /mnt/$file /etc/$file; done
exec "$@"`;

/** Registers tests that run on a machine of their own. Where there cannot be one, they are ignored. */
export function onOwnMachine(
  file: string,
  tests: Record<string, () => void | Promise<void>>,
): void {
  let outcomes: Promise<Map<string, string>> | undefined;
  const ignore = !IS_INSIDE && !canUnshare();
  for (const [name, test] of Object.entries(tests)) {
    const fn = IS_INSIDE ? test : async () => {
      const failure = (await (outcomes ??= runInside(file, Object.keys(tests)))).get(name);
      if (failure !== "") throw new Error(failure ?? "it did not run");
    };
    Deno.test({ name, ignore, fn });
  }
}

/** Some systems let only root have namespaces. */
function canUnshare(): boolean {
  try {
    const args = ["--map-root-user", "--mount", "--net", "true"];
    return new Deno.Command("unshare", { args, stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}

/** By test: why it failed, or nothing. */
async function runInside(file: string, names: string[]): Promise<Map<string, string>> {
  const only = names.map((name) => RegExp.escape(name));
  const { stdout, stderr } = await new Deno.Command("unshare", {
    args: [
      ...["--map-root-user", "--mount", "--net", "sh", "-euc", SETUP, "sh"],
      ...[Deno.execPath(), "test", "-A", "--no-check", `--config=${ROOT}deno.json`],
      ...["--reporter=tap", `--filter=/^(?:${only.join("|")})$/`, new URL(file).pathname],
    ],
    env: { CAPSULE_OWN_MACHINE: "1", NO_COLOR: "1" },
  }).output();
  const [text, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  const outcomes = new Map<string, string>();
  for (const part of text!.split(/^(?=(?:not )?ok )/m)) {
    const [, not, name] = part.match(/^(not )?ok \d+ - (.*)$/m) ?? [];
    if (name !== undefined) outcomes.set(name, not ? `${part}\n${errors}` : "");
  }
  if (outcomes.size === 0) throw new Error(`${text}\n${errors}`);
  return outcomes;
}
