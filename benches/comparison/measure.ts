/** Measures all sides of a workload alternately, so that noise of the machine affects them equally. */
import type { Peer } from "../peers/mod.ts";
import type { Side } from "./side.ts";
import type { Workload } from "./workloads.ts";

/** The samples of a side. */
export interface Sampled {
  side: string;
  /** In the order of measuring: samples of two sides with the same index are from the same round. */
  samples: number[];
  note?: string;
  /** The reason if there are fewer samples than wanted. */
  error?: string;
}

/** The peers that can measure each workload, and their versions. */
export interface Catalogue {
  peersOf(workload: string): Peer[];
  versions: Record<string, string>;
}

/** Starts every peer once to find out which workloads it can measure. */
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

/** Measures one workload, with new processes for all sides. */
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
    // Each side is first equally often, because the previous one affects the processor's caches.
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

/** Measures one round of one side. */
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
