import { task } from "@capsule/sdk";
export const modules = task({ name: "modules" }, () => ({}));
export const main = task({ name: "main" }, () => null);
