/** Writes log lines as JSON, with a child and redaction. */
import { task } from "@capsule/sdk";
import pino from "pino";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, () => {
  const lines: string[] = [];
  const logger = pino({ base: null, timestamp: false, redact: ["password"] }, {
    write: (line: string) => lines.push(line),
  });
  logger.child({ module: "x" }).warn({ password: "p", n: 1 }, "careful");
  logger.debug("unseen");
  equal(lines.map((line) => JSON.parse(line)), [
    { level: 40, module: "x", password: "[Redacted]", n: 1, msg: "careful" },
  ]);
});
