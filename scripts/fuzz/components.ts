/** Damages components. */
import { run } from "@capsule/sdk/runner";
import { seal } from "../../compiler/component/component.ts";
import { assembled, partsOf } from "../../tests/support/components.ts";
import { DIGEST_BYTES } from "../../ffi/digest.ts";
import { CapsuleError } from "../../errors/error.ts";
import type { Kind } from "./kind.ts";
import { prepare, type Prepared, WARM } from "./prepare.ts";
import type { Random } from "./random.ts";

export const components: Kind = {
  cases: 40,
  caseMs: 1000,
  async prepare() {
    const prepared = await prepare(WARM);
    return {
      try: (random) => damageComponents(random, prepared),
      [Symbol.dispose]: () => prepared[Symbol.dispose](),
    };
  },
};

/**
 * Damages a component and runs it. Returns the outcome.
 *
 * @throws If the outcome is not allowed.
 */
export async function damageComponents(
  random: Random,
  { folder, components }: Prepared,
): Promise<string> {
  const whole = random.of(components);
  const isSealed = random.below(4) > 0;
  const damaged = isSealed ? sealed(damagedPart(random, whole)) : random.damaged(whole);
  const file = `${folder}/damaged.wasm`;
  Deno.writeFileSync(file, damaged);
  const isChanged = damaged.length !== whole.length ||
    damaged.some((byte, at) => byte !== whole[at]);
  const outcome = await outcomeOf(file);
  if (isChanged && !isSealed && outcome !== "invalid_module") {
    throw new Error(`a damaged component ended with ${outcome}`);
  }
  return `component, ${isSealed ? "sealed again" : "damaged"}: ${outcome}`;
}

/** Its sections at the end, its header as JSON, its memory, or its code. */
function damagedPart(random: Random, whole: Uint8Array): Uint8Array {
  const content = whole.subarray(0, -DIGEST_BYTES);
  const tail = Math.max(8, content.length - 3000);
  switch (random.below(4)) {
    case 0:
      return random.damaged(content, tail);
    case 1: {
      const parts = partsOf(whole);
      return assembled({ ...parts, header: random.mixed(parts.header) }).subarray(0, -DIGEST_BYTES);
    }
    case 2:
      // Most of the second half is memory.
      return random.flipped(content, content.length >> 1, tail);
    default:
      // The start is code.
      return random.flipped(content, 8, Math.min(1_000_000, tail));
  }
}

function sealed(content: Uint8Array): Uint8Array {
  const component = new Uint8Array(content.length + DIGEST_BYTES);
  component.set(content);
  seal(component);
  return component;
}

async function outcomeOf(file: string): Promise<string> {
  try {
    const signal = AbortSignal.timeout(20_000);
    const { error, success } = await run({ file, args: [5], policy: "declared", signal });
    return success ? "a result" : error.error_type;
  } catch (error) {
    if (!(error instanceof CapsuleError)) throw error;
    if (error.code === "internal") throw error;
    return error.code;
  }
}
