/** Finds verbs, people and numbers in English. */
import { task } from "@capsule/sdk";
import nlp from "compromise";
import { equal } from "../expect.ts";

export const main = task({ name: "main", compute: "HIGH" }, () => {
  const text = nlp("She sells seashells by the seashore.");
  text.verbs().toPastTense();
  equal(text.text(), "She sold seashells by the seashore.");
  equal(nlp("spencer kelly went home").people().out("array"), ["spencer kelly"]);
  equal(nlp("two hundred and six").numbers().get(), [206]);
});
