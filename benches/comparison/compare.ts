/**
 * Measures Capsule and its peers alternately.
 *
 * Usage: deno task bench [--quick] [WORKLOAD…]
 */
import { progress, ROOT } from "../../scripts/common.ts";
import { describeMachine, type Machine } from "./machine.ts";
import { catalogue, measure, type Sampled } from "./measure.ts";
import { preparePrograms } from "../packages.ts";
import { installOriginalSdk, installPeers, nodePath } from "../peers/install.ts";
import { peers } from "../peers/mod.ts";
import { summary } from "./summary.ts";
import { WORKLOADS } from "./workloads.ts";

/** All results of a run. */
export interface Results {
  date: string;
  machine: Machine;
  versions: Record<string, string>;
  /** Remarks for the page. */
  remarks: string[];
  /** The samples of each workload, by its id. */
  workloads: Record<string, Sampled[]>;
}

/** The file with the samples of the last run. */
export const RESULTS = `${ROOT}build/bench-results.json`;

/** Measures the workloads whose id begins with one of these prefixes, or all if there are none. */
export async function compare(
  chosen: string[],
  { isQuick }: { isQuick: boolean },
): Promise<Results> {
  await preparePrograms();
  await installPeers();
  const remark = isQuick ? undefined : await installOriginalSdk();
  const { versions, peersOf } = await catalogue(
    peers({ withSlow: !isQuick }),
  );
  const results: Results = {
    date: new Date().toISOString().slice(0, 10),
    machine: describeMachine(),
    versions: { ...versions, Node: await nodeVersion() },
    remarks: remark === undefined ? [] : [remark],
    workloads: {},
  };
  const isChosen = (id: string) =>
    chosen.length === 0 ||
    chosen.some((name) => id === name || id.startsWith(`${name}-`));
  for (const workload of WORKLOADS.filter(({ id }) => isChosen(id))) {
    const shown = progress(workload.title);
    const sampled = await measure(workload, peersOf(workload.id), { isQuick });
    results.workloads[workload.id] = sampled;
    shown.done(`${workload.title}: ${summary(workload, sampled)}`);
  }
  return results;
}

async function nodeVersion(): Promise<string> {
  const { stdout } = await new Deno.Command(nodePath(), { args: ["--version"] }).output();
  return new TextDecoder().decode(stdout).trim().replace(/^v/, "");
}
