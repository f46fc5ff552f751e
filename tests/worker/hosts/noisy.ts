/** A worker in which everything is said that can be said to a console. */
import { worker } from "../../../cli/commands/worker.ts";

setInterval(() => {
  console.log("log");
  console.info("info");
  console.debug("debug");
  console.table([["table"]]);
  console.dir("dir");
  console.dirxml("dirxml");
  console.group("group");
  console.groupCollapsed("group");
  console.groupEnd();
  console.count("count");
  console.time("time");
  console.timeLog("time");
  console.timeEnd("time");
  console.trace("trace");
}, 5);
Deno.exit(await worker([]));
