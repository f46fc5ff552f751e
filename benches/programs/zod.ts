import { task } from "@capsule/sdk";
import * as z from "zod";

const Row = z.object({ id: z.number().int(), name: z.string().min(1), tags: z.array(z.string()) });

// The first parse of a schema compiles it: that is zod's own work.
export const main = task(
  { name: "main" },
  (parses = false) => parses ? Row.parse({ id: 1, name: "x", tags: ["a"] }).id : Row.def.type,
);
