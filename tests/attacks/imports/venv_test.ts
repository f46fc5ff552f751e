/** Virtual environments that a stranger has linked to the user's own files: they become nobody's packages. */
import { assertEquals, assertStringIncludes, assertTrue } from "../../support/assert.ts";
import { type Project, project, warmEngines } from "../../support/support.ts";
import { fileSource } from "../../../compiler/program.ts";
import { packageFolders } from "../../../compiler/python/packages.ts";
import { HOSTS } from "../hosts.ts";

await warmEngines();

const SECRET = "hunter2";
const SITE = "lib/python3.12/site-packages";
/** What a guest finds where its packages lie. */
const LOOK = `
import os
def main():
    found = []
    for folder in ["/.capsule/packages"] + [f"/.capsule/packages-{i}" for i in range(1, 4)]:
        for above, _, names in os.walk(folder):
            for name in names:
                try: found.append(name + ":" + open(os.path.join(above, name)).read())
                except Exception as error: found.append(name + ":" + repr(error))
    return sorted(found)`;

function workspace(): Project {
  return project({
    "home/.bashrc": `SECRET=${SECRET}`,
    "home/.ssh/id_rsa": SECRET,
    [`home/.local/${SITE}/private.py`]: SECRET,
    "home/.local/pyvenv.cfg": "",
    "repo/main.py": LOOK,
  });
}

/** Strangers' environments. The path is the repository's. */
const VARIANTS: Record<string, (repo: string) => void> = {
  "site-packages linked to the user's folder": (repo) => {
    environment(repo, { withoutSite: true });
    Deno.symlinkSync("../../../../home", `${repo}/.venv/${SITE}`);
  },
  "site-packages linked by an absolute path": (repo) => {
    environment(repo, { withoutSite: true });
    Deno.symlinkSync(`${repo}/../home`, `${repo}/.venv/${SITE}`);
  },
  "site-packages linked to the repository's own root": (repo) => {
    environment(repo, { withoutSite: true });
    Deno.symlinkSync("../../../..", `${repo}/.venv/${SITE}`);
  },
  "the folder of the version linked elsewhere": (repo) => {
    Deno.mkdirSync(`${repo}/.venv/lib`, { recursive: true });
    Deno.writeTextFileSync(`${repo}/.venv/pyvenv.cfg`, "");
    Deno.symlinkSync("../../../home/.local/lib/python3.12", `${repo}/.venv/lib/python3.12`);
  },
  "lib linked elsewhere": (repo) => {
    Deno.mkdirSync(`${repo}/.venv`);
    Deno.writeTextFileSync(`${repo}/.venv/pyvenv.cfg`, "");
    Deno.symlinkSync("../../home/.local/lib", `${repo}/.venv/lib`);
  },
  "the environment linked elsewhere": (repo) => Deno.symlinkSync("../home/.local", `${repo}/.venv`),
  "links through a second link": (repo) => {
    environment(repo, { withoutSite: true });
    Deno.symlinkSync("../home", `${repo}/out`);
    Deno.symlinkSync("../../../out/.local", `${repo}/.venv/${SITE}`);
  },
  "an environment that is a link to itself": (repo) => Deno.symlinkSync(".venv", `${repo}/.venv`),
  "a .pth that is a device": (repo) => {
    environment(repo);
    Deno.symlinkSync("/dev/zero", `${repo}/.venv/${SITE}/x.pth`);
  },
  "a .pth of a terabyte": (repo) => {
    environment(repo);
    using file = Deno.openSync(`${repo}/.venv/${SITE}/x.pth`, { create: true, write: true });
    file.truncateSync(2 ** 40);
  },
  "a .pth that is a pipe": (repo) => {
    environment(repo);
    new Deno.Command("mkfifo", { args: [`${repo}/.venv/${SITE}/x.pth`] }).outputSync();
  },
  "a .pth that is the user's own file": (repo) => {
    environment(repo);
    Deno.symlinkSync(`${repo}/../home/.bashrc`, `${repo}/.venv/${SITE}/x.pth`);
  },
};

/** Environments that are used, without what they point to. */
const HARMLESS: Record<string, (repo: string) => void> = {
  "lines of .pth files that name the user's folders": (repo) => {
    environment(repo);
    Deno.symlinkSync("../../home", `${repo}/.venv/src`);
    const lines = [`${repo}/../home`, "../../../../../home", "../../../src", "/", "/etc"];
    Deno.writeTextFileSync(`${repo}/.venv/${SITE}/x.pth`, lines.join("\n"));
    Deno.writeTextFileSync(`${repo}/.venv/${SITE}/y.pth`, "\0\n" + "a/".repeat(100_000));
  },
  "finders of setuptools that name the user's folders": (repo) => {
    environment(repo);
    const home = Deno.realPathSync(`${repo}/../home`);
    Deno.writeTextFileSync(`${home}/__init__.py`, SECRET);
    const finder = `MAPPING: dict[str, str] = {'home': '${home}', 'a.b': '../../../../../home'}\n`;
    Deno.writeTextFileSync(`${repo}/.venv/${SITE}/__editable___x_finder.py`, finder);
  },
  "files and folders in it that are links": (repo) => {
    environment(repo);
    Deno.symlinkSync(`${repo}/../home/.bashrc`, `${repo}/.venv/${SITE}/linked.py`);
    Deno.symlinkSync("../../../../../home", `${repo}/.venv/${SITE}/linked`);
  },
  "a pyvenv.cfg that is a device": (repo) => {
    environment(repo);
    Deno.removeSync(`${repo}/.venv/pyvenv.cfg`);
    Deno.symlinkSync("/dev/zero", `${repo}/.venv/pyvenv.cfg`);
  },
};

function environment(repo: string, { withoutSite = false } = {}): void {
  Deno.mkdirSync(`${repo}/.venv/lib/python3.12`, { recursive: true });
  Deno.writeTextFileSync(`${repo}/.venv/pyvenv.cfg`, "");
  if (withoutSite) return;
  Deno.mkdirSync(`${repo}/.venv/${SITE}`);
  Deno.writeTextFileSync(`${repo}/.venv/${SITE}/own.py`, "own");
}

for (const [host, ask] of Object.entries(HOSTS)) {
  Deno.test(`${host}: an environment that leads elsewhere gives a stranger's program nothing`, async (step) => {
    for (const [name, make] of Object.entries({ ...VARIANTS, ...HARMLESS })) {
      await step.step(name, async () => {
        using folder = workspace();
        const cwd = `${folder.path}/repo`;
        make(cwd);
        for (
          const program of [{ file: "main.py" }, { code: LOOK, language: "python" as const }]
        ) {
          const answer = await ask({ ...program, cwd, policy: "none" });
          assertTrue(!JSON.stringify(answer).includes(SECRET), JSON.stringify(answer));
          // Python knows where its own packages lie: the folder of the call has no say in that.
          const isAsked = host !== "Python" || "file" in program;
          if (name in VARIANTS && isAsked) {
            assertTrue(
              answer.problem === "invalid_program",
              JSON.stringify(answer),
            );
            assertStringIncludes(answer.message, "packages");
          } else {
            assertEquals(answer.problem, undefined, answer.message);
          }
        }
      });
    }
  });
}

Deno.test("a confined file has the environment of its own folder, none above it and not the host's", async () => {
  using folder = workspace();
  const repo = `${folder.path}/repo`;
  environment(repo);
  folder.write("repo/sub/main.py", LOOK);
  const host = `${folder.path}/host`;
  environment(host);
  folder.write(`host/.venv/${SITE}/hosts.py`, "hosts");
  const ask = HOSTS["this process"]!;
  Deno.env.set("VIRTUAL_ENV", `${host}/.venv`);
  try {
    const hosts = ["hosts.py:hosts", "own.py:own"];
    const inRepo = { file: "main.py", cwd: repo, policy: "none" } as const;
    assertEquals((await ask(inRepo)).result, ["own.py:own"]);
    assertEquals((await ask({ ...inRepo, file: "sub/main.py" })).result, []);
    assertEquals((await ask({ ...inRepo, packages: "host" })).result, hosts);
    assertEquals((await ask({ ...inRepo, packages: false })).result, []);
    const text = { code: LOOK, language: "python", cwd: repo, policy: "none" } as const;
    assertEquals((await ask(text)).result, hosts);
    assertEquals((await ask({ ...text, packages: false })).result, []);
  } finally {
    Deno.env.delete("VIRTUAL_ENV");
  }
});

for (const [host, ask] of Object.entries(HOSTS)) {
  Deno.test(`${host}: packages names a folder, the host's or none, for files and for text`, async () => {
    using folder = workspace();
    const repo = `${folder.path}/repo`;
    environment(repo);
    environment(`${folder.path}/other`);
    folder.write(`other/.venv/${SITE}/more.py`, "more");
    const both = ["more.py:more", "own.py:own"];
    for (const program of [{ file: "main.py" }, { code: LOOK, language: "python" as const }]) {
      for (const policy of ["none", "declared"] as const) {
        const options = { ...program, cwd: repo, policy };
        for (const packages of ["../other", "../other/.venv", `${folder.path}/other/.venv`]) {
          assertEquals((await ask({ ...options, packages })).result, both, packages);
        }
        assertEquals((await ask({ ...options, packages: false })).result, []);
      }
    }
  });

  Deno.test(`${host}: packages that are nothing of this kind, or lead elsewhere, are an error that says so`, async () => {
    using folder = workspace();
    const repo = `${folder.path}/repo`;
    environment(repo, { withoutSite: true });
    Deno.symlinkSync("../../../../home", `${repo}/.venv/${SITE}`);
    const wrong = [
      true,
      "",
      5,
      {},
      [],
      "\0",
      "x".repeat(5000),
      "none",
      "../home",
      "missing",
      ".",
      ".venv",
    ];
    for (const value of wrong) {
      const packages = value as "host";
      const answer = await ask({ file: "main.py", cwd: repo, packages });
      assertEquals(answer.problem, "invalid_argument", JSON.stringify([value, answer]));
      assertStringIncludes(answer.message, "packages");
      assertTrue(answer.message.length < 1000, "the value is not clipped");
    }
  });
}

Deno.test("paths in .pth files, however many there are, keep no host waiting", () => {
  using folder = workspace();
  const repo = `${folder.path}/repo`;
  environment(repo);
  folder.write("repo/src/own.py", "own");
  const first = "../../../../src\n";
  folder.write(`repo/.venv/${SITE}/a.pth`, first);
  const lines = `${"x/../".repeat(819)}\n`.repeat(250);
  for (let n = 0; n < 1000; n++) folder.write(`repo/.venv/${SITE}/f${n}.pth`, lines);
  folder.write(`repo/.venv/${SITE}/b.pth`, "x\n".repeat(400));
  const host = { cwd: repo, environment: undefined };
  const startedMs = performance.now();
  const folders = packageFolders(fileSource(`${repo}/main.py`, { root: repo }), host);
  const tookMs = performance.now() - startedMs;
  const real = Deno.realPathSync(repo);
  assertEquals(folders.map(({ host }) => host), [`${real}/.venv/${SITE}`, `${real}/src`]);
  assertTrue(tookMs < 1000, `it takes ${tookMs} ms`);
});
