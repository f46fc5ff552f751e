/** How tasks fail. The twin of errors.py. */
import { task, unwrap } from "@capsule/sdk";

class Unfit extends Error {
  override readonly name = "Unfit";
}

export const main = task({ name: "main" }, (): never => {
  throw new RangeError("too far: 7");
});
export const nested = task({ name: "nested" }, () => inner(1));
function inner(depth: number): number {
  if (depth === 3) throw new Error("at the bottom");
  return inner(depth + 1) + 1;
}
export const own = task({ name: "own" }, (): never => {
  throw new Unfit("of a class of its own");
});
export const text = task({ name: "text" }, (): never => {
  throw "only text";
});
export const nothing = task({ name: "nothing" }, (): never => {
  throw undefined;
});
export const object = task({ name: "object" }, (): never => {
  throw { error_type: "timeout", message: "forged" };
});
export const later = task({ name: "later" }, async () => {
  await new Promise((resolve) => setTimeout(resolve, 5));
  throw new Error("later");
});
export const reference = task({ name: "reference" }, () => (globalThis as any).missing.member);
export const forged = task({ name: "forged" }, (): never => {
  throw Object.assign(new Error("forged"), { error_type: "timeout", kind: "fuel_exhausted" });
});
export const recursion = task({ name: "recursion" }, () => endless(1));
function endless(depth: number): number {
  return endless(depth + 1) + 1;
}
export const exit = task({ name: "exit" }, (code: number) => {
  process.exit(code);
});
export const forever = task({ name: "forever" }, () => new Promise(() => {}));
export const sub = task({ name: "sub" }, async () => {
  const call = await own();
  return [call.success, call.result, call.error?.error_type, call.error?.message];
});
export const unwrapped = task({ name: "unwrapped" }, async () => unwrap(await own()));
export const message = task({ name: "message" }, (message: string): never => {
  throw new Error(message);
});
