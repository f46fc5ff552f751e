/** Compiles a JSON schema, which makes code, and lists what is wrong. */
import { task } from "@capsule/sdk";
import { Ajv } from "ajv";
import addFormats from "ajv-formats";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, () => {
  const ajv = new Ajv({ allErrors: true, coerceTypes: true });
  addFormats.default(ajv);
  const validate = ajv.compile({
    type: "object",
    properties: { n: { type: "integer", minimum: 1 }, mail: { type: "string", format: "email" } },
    required: ["n", "mail"],
    additionalProperties: false,
  });
  const data = { n: "3", mail: "a@b.co" };
  equal([validate(data), data.n], [true, 3]);
  equal(validate({ n: 0, mail: "x", more: 1 }), false);
  equal(validate.errors?.map(({ keyword }) => keyword).sort(), [
    "additionalProperties",
    "format",
    "minimum",
  ]);
});
