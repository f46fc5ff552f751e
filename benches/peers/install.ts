/** Installs what Capsule is measured beside, from the registries, into a folder outside of the repository. */
import { progress, ROOT } from "../../scripts/common.ts";
import { isCurrent, keep, npmInstall, pipInstall } from "../installing.ts";

/** Where the peers are. */
export const PEERS = `${ROOT}build/bench-peers`;
/** A project of the original: its SDK for TypeScript is installed in it, if there is one. */
export const ORIGINAL = `${PEERS}/original`;

/** The version of the original, and that of its compiler: the newest one does not know its options. */
const SDK = [
  "@capsule-run/sdk@0.8.10",
  "@bytecodealliance/jco@1.15.4",
  "typescript@5.9.3",
];

const LOCKS = ["package.json", "package-lock.json", "requirements.txt"];

/** Installs the peers, unless they are there in the versions of the lockfiles. */
export async function installPeers(): Promise<void> {
  const folder = `${ROOT}benches/peers`;
  if (isCurrent(PEERS, folder, LOCKS)) return;
  const shown = progress("Installing the peers");
  Deno.mkdirSync(PEERS, { recursive: true });
  for (const name of LOCKS) {
    Deno.copyFileSync(`${folder}/${name}`, `${PEERS}/${name}`);
  }
  await npmInstall(PEERS);
  await pipInstall(PEERS);
  keep(PEERS, folder, LOCKS);
  shown.done("peers");
}

/**
 * Installs the original's SDK for TypeScript. Returns why there is none: not every mirror of the registry
 * has it. `CAPSULE_BENCH_ORIGINAL_SDK` names a folder with the package, built from its public source.
 */
export async function installOriginalSdk(): Promise<string | undefined> {
  Deno.mkdirSync(ORIGINAL, { recursive: true });
  if (hasOriginalSdk()) return undefined;
  Deno.writeTextFileSync(
    `${ORIGINAL}/package.json`,
    `{ "private": true, "type": "module" }\n`,
  );
  const [sdk, ...tools] = SDK;
  const source = Deno.env.get("CAPSULE_BENCH_ORIGINAL_SDK");
  const shown = progress("Installing the original's SDK for TypeScript");
  try {
    // As a package and not as a link: what it depends on has to lie beside it.
    await npmInstall(ORIGINAL, ["--install-links", source ?? sdk!, ...tools]);
    shown.done("original's SDK for TypeScript");
    return undefined;
  } catch (error) {
    shown.failed("the original's SDK for TypeScript");
    if (/E404|404 Not Found/.test(String(error))) {
      return `${sdk} is not in this machine's registry`;
    }
    return `${sdk} cannot be installed`;
  }
}

/** Whether the original can run TypeScript. */
export function hasOriginalSdk(): boolean {
  return exists(`${ORIGINAL}/node_modules/@capsule-run/sdk/package.json`);
}

/** A folder for one program of the original: it builds again when any file beside it has changed. */
export function originalFolder(program: string): string {
  return `${ORIGINAL}/${program.replace(".", "-")}`;
}

/** Node in the version that the peers need, if npm has brought it, else the machine's own. */
export function nodePath(): string {
  const arch = Deno.build.arch === "x86_64" ? "x64" : "arm64";
  const program = `${PEERS}/node_modules/node-${Deno.build.os}-${arch}/bin/node`;
  return exists(program) ? program : "node";
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
