/** Turns a schema of Zod 3 into JSON Schema. */
import { task } from "@capsule/sdk";
import { z } from "zod/v3";
import { zodToJsonSchema } from "zod-to-json-schema";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, () => {
  const schema = zodToJsonSchema(z.object({ a: z.string().min(1), b: z.number().optional() }));
  equal(schema, {
    type: "object",
    properties: { a: { type: "string", minLength: 1 }, b: { type: "number" } },
    required: ["a"],
    additionalProperties: false,
    $schema: "http://json-schema.org/draft-07/schema#",
  });
});
