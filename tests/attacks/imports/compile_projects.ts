/**
 * Compiles projects of `python_projects.ts` as a stranger's, and tells of each what it consists of.
 *
 * Usage: deno run -A compile_projects.ts FOLDER COUNT   the projects are FOLDER/0, FOLDER/1, …
 */
import { packageFolders } from "../../../compiler/python/packages.ts";
import { compile, sourceOf } from "../../support/compile.ts";
import { CapsuleError } from "../../../errors/error.ts";

const [folder, count] = Deno.args;

/** What is opened once, and for no project. */
async function warmUp(): Promise<void> {
  const file = `${folder}/warm.py`;
  Deno.writeTextFileSync(file, "import warm");
  await compile({ file, root: folder!, isConfined: true });
}

/** What a project gives, with what it must not have as text. */
async function told(path: string): Promise<string> {
  const root = `${path}/repo/src`;
  const source = { file: `${root}/main.py`, root, isConfined: true };
  const decoder = new TextDecoder();
  const given: Record<string, unknown> = {};
  const attempt = async (key: string, work: () => unknown) => {
    try {
      given[key] = await work();
    } catch (error) {
      given[key] = error instanceof CapsuleError
        ? { refused: error.message }
        : { fault: `${error}` };
    }
  };
  await attempt("files", async () => {
    const { program } = await compile(source);
    return program.files.map(({ path, data }) => ({ path, text: decoder.decode(data) }));
  });
  await attempt(
    "packages",
    () => packageFolders(sourceOf(source), { cwd: "/", environment: "/nowhere" }),
  );
  return JSON.stringify(given);
}

await warmUp();
for (let index = 0; index < Number(count); index++) {
  const path = `${folder}/${index}`;
  // It can be seen among the calls of the system.
  try {
    Deno.lstatSync(`${path}/begins`);
  } catch {
    // There is none.
  }
  console.log(await told(path));
}
