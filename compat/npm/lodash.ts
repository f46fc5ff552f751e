/** Groups, sorts, merges and debounces. */
import { task } from "@capsule/sdk";
import _ from "lodash";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, async () => {
  const people = [{ name: "b", team: 1 }, { name: "a", team: 2 }, { name: "c", team: 1 }];
  equal(_.mapValues(_.groupBy(people, "team"), (team) => _.map(team, "name")), {
    1: ["b", "c"],
    2: ["a"],
  });
  equal(_.chain(people).sortBy("name").map("name").join("-").value(), "a-b-c");
  equal(_.merge({ a: { b: 1 } }, { a: { c: 2 } }), { a: { b: 1, c: 2 } });
  equal(_.template("Hi <%= name %>")({ name: "Ada" }), "Hi Ada");
  const copy = _.cloneDeep({ date: new Date(0), map: new Map([[1, 2]]) });
  equal([copy.date.getTime(), copy.map.get(1)], [0, 2]);
  let calls = 0;
  const debounced = _.debounce(() => calls++, 100);
  debounced();
  debounced();
  await new Promise((resolve) => setTimeout(resolve, 200));
  equal(calls, 1);
});
