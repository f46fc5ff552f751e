/** Machines that lack what others have: file systems that are hidden, few descriptors. */
import { assertEquals, assertMatch, assertTrue } from "../support/assert.ts";
import { warmEngines } from "../support/support.ts";
import { canMakeMachines, Machine, OTHER_USER, PROGRAMS, type Surroundings } from "./machine.ts";

const ignore = !canMakeMachines();
if (!ignore) await warmEngines();

/** Each program gives its result, or the command says why it cannot and what to do. */
const SURROUNDINGS: Record<string, Surroundings> = {
  "no /proc": { setup: "mount -t tmpfs -o mode=755 tmpfs /proc" },
  "no /dev/shm": { setup: "mount -t tmpfs -o mode=000 tmpfs /dev/shm" },
  "a /dev/shm that is full": {
    setup: "mount -t tmpfs -o size=4k tmpfs /dev/shm; echo full > /dev/shm/full",
  },
  "a /tmp that is read-only": {
    setup: "mount --rbind /tmp /tmp; mount -o remount,bind,ro /tmp",
  },
  "a project that is read-only": {
    setup: "mount --bind project project; mount -o remount,bind,ro project",
  },
  "40 descriptors": { limits: "-n 40" },
};

for (const [name, surroundings] of Object.entries(SURROUNDINGS)) {
  for (const user of [0, OTHER_USER]) {
    Deno.test({
      name: `with ${name}, programs run: ${user === 0 ? "root" : "another user"}`,
      ignore,
      async fn() {
        using machine = new Machine();
        const env = { CAPSULE_CACHE_DIR: `${machine.path}/warm` };
        for (const [file, expected] of PROGRAMS) {
          const { status, stdout, stderr } = await machine.run(file, {
            ...surroundings,
            env,
            user,
          });
          // What bundles TypeScript may need a folder for temporary files.
          if (status === 2 && name.includes("/tmp")) {
            assertMatch(stderr, /^error: .*temporary files\nhint: set TMPDIR/);
            continue;
          }
          assertEquals([status, stdout], [0, expected], stderr);
          // The trace may be missing; nothing else.
          assertMatch(stderr, /^(?:warning: Cannot record this run in the trace: .*\n)?$/);
        }
      },
    });
  }
}

Deno.test({
  name: "with fewer descriptors than the command needs, it says so, and never hangs",
  ignore,
  async fn() {
    using machine = new Machine();
    const env = { CAPSULE_CACHE_DIR: `${machine.path}/warm` };
    for (const descriptors of [32, 28, 24]) {
      for (const [file, expected] of PROGRAMS) {
        const limits = `-n ${descriptors}`;
        const { status, stdout, stderr } = await machine.run(file, { env, limits });
        if (status === 0) assertEquals(stdout, expected);
        else assertTrue(stderr.length > 0, `status ${status}, silently`);
      }
    }
  },
});
