import { task } from "@capsule/sdk";

export const main = task({ name: "main", compute: "LOW" }, (name = "world") => `Hello, ${name}!`);
