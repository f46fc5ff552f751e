/** Validates an object with references and its own messages. */
import { task } from "@capsule/sdk";
import Joi from "joi";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, () => {
  const schema = Joi.object({
    low: Joi.number().required(),
    high: Joi.number().greater(Joi.ref("low")).messages({ "number.greater": "too low" }),
    mail: Joi.string().email(),
    when: Joi.date().iso(),
  });
  equal(schema.validate({ low: "1", high: 2, when: "2024-01-01" }).value, {
    low: 1,
    high: 2,
    when: "2024-01-01T00:00:00.000Z",
  });
  const { error } = schema.validate({ low: 3, high: 2, mail: "x" }, { abortEarly: false });
  equal(error?.details.map(({ message }) => message), ["too low", '"mail" must be a valid email']);
});
