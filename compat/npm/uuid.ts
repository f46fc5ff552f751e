/** Makes and checks versions 4, 5 and 7. */
import { task } from "@capsule/sdk";
import { v4, v5, v7, validate, version } from "uuid";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, () => {
  const [first, second] = [v4(), v4()];
  equal([first === second, validate(first), version(first)], [false, true, 4]);
  equal(v5("www.example.com", v5.DNS), "2ed6657d-e927-568b-95e1-2665a8aea6a2");
  equal(version(v7()), 7);
});
