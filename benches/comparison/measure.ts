/** Takes the samples of a workload from all sides by turns, so that noise of the machine hits them alike. */
import type { Peer } from "../peers/mod.ts";
import type { Side } from "./side.ts";
import type { Workload } from "./workloads.ts";

/** What a side gave. */
export interface Sampled {
  side: string;
  /** In the order in which they were taken: samples of two sides with the same index ran side by side. */
  samples: number[];
  note?: string;
  /** Why there are no more. */
  error?: string;
}

/** Which peers can measure a workload, and the versions that they tell. */
export interface Catalogue {
  peersOf(workload: string): Peer[];
  versions: Record<string, string>;
}

/** Starts every peer once, and asks what it can measure. */
export async function catalogue(peers: Peer[]): Promise<Catalogue> {
  const versions: Record<string, string> = {};
  const offers = new Map<Peer, Set<string>>();
  for (const peer of peers) {
    const side = await peer.start();
    if (side.version !== undefined) versions[side.name] = side.version;
    const ids = Object.keys(side.offers).filter((id) => peer.only?.test(id) ?? true);
    offers.set(peer, new Set(ids));
    await side.close();
  }
  return {
    versions,
    peersOf: (id) => peers.filter((peer) => offers.get(peer)!.has(id)),
  };
}

/** Measures one workload. Each side is started for it, and ends with it. */
export async function measure(
  workload: Workload,
  peers: Peer[],
  { isQuick }: { isQuick: boolean },
): Promise<Sampled[]> {
  const { rounds, samples } = isQuick ? workload.quick : workload;
  const sides = await Promise.all(peers.map((peer) => peer.start()));
  const results: Sampled[] = sides.map(({ name, offers }) => {
    const { note } = offers[workload.id]!;
    return { side: name, samples: [], ...(note === undefined ? {} : { note }) };
  });
  for (let round = -1; round < rounds; round++) {
    // Each begins as often as any other: what ran before leaves the machine's caches behind.
    for (let turn = 0; turn < sides.length; turn++) {
      const index = (round + 1 + turn) % sides.length;
      await take(workload.id, sides[index]!, results[index]!, {
        isWarmUp: round < 0,
        samples,
      });
    }
  }
  await Promise.all(sides.map((side) => side.close()));
  return results;
}

/** One round of one side. */
async function take(
  id: string,
  side: Side,
  result: Sampled,
  { isWarmUp, samples }: { isWarmUp: boolean; samples: number },
): Promise<void> {
  const { most = Infinity, cold = false } = side.offers[id]!;
  const missing = Math.min(samples, most - result.samples.length);
  if (result.error !== undefined || missing <= 0 || (isWarmUp && cold)) return;
  try {
    const taken = await side.take(
      id,
      isWarmUp ? Math.min(missing, WARM_UP) : missing,
    );
    if (!isWarmUp) result.samples.push(...taken);
  } catch (error) {
    result.error = error instanceof Error ? error.message : String(error);
  }
}

const WARM_UP = 100;
