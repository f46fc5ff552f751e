/** Tries the built-in modules of Node.js, each in a call of its own. */
import { task } from "@capsule/sdk";
import { files } from "./node/files.ts";
import { missing } from "./node/missing.ts";
import type { Modules } from "./node/module.ts";
import { network } from "./node/network.ts";
import { runtime } from "./node/runtime.ts";
import { secrets } from "./node/secrets.ts";
import { streams } from "./node/streams.ts";
import { text } from "./node/text.ts";

const all: Modules = {
  ...files,
  ...missing,
  ...network,
  ...runtime,
  ...secrets,
  ...streams,
  ...text,
};

/** What is tried of each module. */
export const modules = task({ name: "modules" }, () => {
  const tried = Object.entries(all).map(([name, module]) => [name, module.tried] as const);
  return Object.fromEntries(tried.sort(([a], [b]) => a < b ? -1 : 1));
});

/** Tries one. */
export const main = task(
  { name: "main", compute: "HIGH", allowedFiles: ["./data"], allowedHosts: ["localhost"] },
  async (name: string, server: string) => {
    await all[name]!.run(server);
    return null;
  },
);
