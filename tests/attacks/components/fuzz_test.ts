/** A little of `deno task fuzz`, always the same. */
import { damageCache } from "../../../scripts/fuzz/cache.ts";
import { damageComponents } from "../../../scripts/fuzz/components.ts";
import { prepare } from "../../../scripts/fuzz/prepare.ts";
import { Random } from "../../../scripts/fuzz/random.ts";
import { assertTrue } from "../../support/assert.ts";
import { CACHE, warmEngines } from "../../support/support.ts";

await warmEngines();

Deno.test("damaged input ends in an error, a rebuild, or as a guest with normal rights", async () => {
  using prepared = await prepare(CACHE);
  const random = new Random(1);
  const outcomes = new Set<string>();
  for (let left = 12; left > 0; left--) outcomes.add(await damageComponents(random, prepared));
  for (let left = 4; left > 0; left--) outcomes.add(await damageCache(random, prepared));
  for (
    const part of ["component, damaged: invalid_module", "component, sealed again", "cache file"]
  ) {
    assertTrue([...outcomes].some((outcome) => outcome.startsWith(part)), [...outcomes].join("\n"));
  }
});
