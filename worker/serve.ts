import { platform } from "../platform/mod.ts";
import { FrameDecoder } from "../protocol/decoder.ts";
import { PROTOCOL } from "../protocol/messages.ts";
import { VERSION } from "../version.ts";
import { watchParent } from "./parent.ts";
import { REQUESTS_AT_MOST, Session } from "./session.ts";

/**
 * Serves the client on standard input and output until it disconnects: standard input ends, standard output is closed,
 * or the parent process ends. Requests that are still running are cancelled.
 */
export async function serve(): Promise<void> {
  const gone = Promise.withResolvers<void>();
  // Writing is synchronous: a slow client blocks the guests, instead of filling a buffer.
  const session = new Session((frame) => platform.write(1, frame) || gone.resolve());
  const stopWatching = watchParent(gone.resolve);
  session.send(0, {
    type: "ready",
    protocol: PROTOCOL,
    version: VERSION,
    requests: REQUESTS_AT_MOST,
  });
  try {
    await Promise.race([receiveAll(session), gone.promise]);
  } finally {
    stopWatching();
    session.cancelAll();
  }
}

async function receiveAll(session: Session): Promise<void> {
  const decoder = new FrameDecoder();
  for await (const bytes of platform.input()) {
    for (const frame of decoder.push(bytes)) session.receive(frame);
  }
}
