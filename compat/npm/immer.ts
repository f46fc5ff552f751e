/** Makes changed copies, and patches of them. */
import { task } from "@capsule/sdk";
import { enablePatches, produce, produceWithPatches } from "immer";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, () => {
  enablePatches();
  const before = { list: [{ done: false }], other: {} };
  const after = produce(before, (draft) => {
    draft.list[0]!.done = true;
  });
  equal([before.list[0]!.done, after.list[0]!.done, after.other === before.other], [
    false,
    true,
    true,
  ]);
  const [, patches] = produceWithPatches({ a: 1 }, (draft) => {
    draft.a = 2;
  });
  equal(patches, [{ op: "replace", path: ["a"], value: 2 }]);
});
