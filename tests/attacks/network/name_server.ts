/** A server of the DNS, which answers what a test wants. */
import { createSocket } from "node:dgram";

export interface NameServer {
  /** What was asked for, in its order. A name is asked for twice, for both kinds of addresses. */
  names: string[];
  [Symbol.asyncDispose](): Promise<void>;
}

const A = 1;
const AAAA = 28;
const NO_SUCH_NAME = 3;

/** Serves on the port that resolvers ask. Null lets them wait. */
export async function serveNames(
  addressesOf: (name: string) => string[] | undefined | null,
): Promise<NameServer> {
  const names: string[] = [];
  const socket = createSocket("udp4");
  // deno-lint-ignore no-explicit-any -- Node's types are of another package
  socket.on("message", (query: any, sender: any) => {
    const { name, type, end } = question(query);
    names.push(name);
    const addresses = addressesOf(name);
    if (addresses === null) return;
    const records = (addresses ?? [])
      .filter((address) =>
        address.includes(":") === (type === AAAA) && (type === A || type === AAAA)
      )
      .map(bytesOf);
    const head = new Uint8Array(query.subarray(0, end));
    const code = addresses === undefined ? NO_SUCH_NAME : 0;
    head.set([0x81, 0x80 | code, 0, 1, 0, records.length, 0, 0, 0, 0], 2);
    const answers = records.flatMap((bytes) => {
      // It names the question, and is true for no time at all.
      return [0xc0, 12, 0, type, 0, 1, 0, 0, 0, 0, 0, bytes.length, ...bytes];
    });
    socket.send(new Uint8Array([...head, ...answers]), sender.port, sender.address);
  });
  await new Promise<void>((resolve) => socket.bind(53, "127.0.0.1", resolve));
  return {
    names,
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => socket.close(() => resolve()));
    },
  };
}

function question(query: Uint8Array): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at++]!; length > 0; length = query[at++]!) {
    labels.push(new TextDecoder().decode(query.subarray(at, at + length)));
    at += length;
  }
  return { name: labels.join("."), type: query[at]! << 8 | query[at + 1]!, end: at + 4 };
}

function bytesOf(address: string): number[] {
  if (!address.includes(":")) return address.split(".").map(Number);
  // The standard of URLs writes the last four bytes as two groups.
  const { hostname } = new URL(`http://[${address}]/`);
  const [before, after] = hostname.slice(1, -1).split("::").map((part) =>
    part ? part.split(":") : []
  );
  const missing = after === undefined ? 0 : 8 - before!.length - after.length;
  const groups = [...before!, ...Array(missing).fill("0"), ...(after ?? [])];
  return groups.map((group) => parseInt(group, 16)).flatMap((group) => [group >> 8, group & 255]);
}
