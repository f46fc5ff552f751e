import { EventEmitter } from "../events.ts";

/** The agent of Node, which keeps connections. Here the host does. */
export class Agent extends EventEmitter {
  readonly protocol: string = "http:";
  readonly defaultPort: number = 80;
  readonly options: Record<string, unknown>;
  readonly requests = {};
  readonly sockets = {};
  readonly freeSockets = {};
  maxSockets = Infinity;
  maxFreeSockets = 256;
  keepAlive: boolean;

  constructor(options: Record<string, unknown> = {}) {
    super();
    this.options = options;
    this.keepAlive = options.keepAlive === true;
  }

  destroy(): void {}
}
