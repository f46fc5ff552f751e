/** Formats and writes log lines to a stream. */
import { Writable } from "node:stream";
import { task } from "@capsule/sdk";
import winston from "winston";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, async () => {
  const lines: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk).trim());
      done();
    },
  });
  const logger = winston.createLogger({
    level: "info",
    format: winston.format.combine(winston.format.splat(), winston.format.json()),
    transports: [new winston.transports.Stream({ stream }), new winston.transports.Console()],
  });
  logger.debug("unseen");
  logger.info("hello %s", "Ada", { id: 1 });
  logger.end();
  await new Promise((resolve) => logger.on("finish", resolve));
  equal(lines.map((line) => JSON.parse(line)), [{ id: 1, level: "info", message: "hello Ada" }]);
});
