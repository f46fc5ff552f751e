/** A document as of a browser: selectors, changes, events. */
import { task } from "@capsule/sdk";
import { parseHTML } from "linkedom";
import { equal } from "../expect.ts";

export const main = task({ name: "main" }, () => {
  const { document, Event } = parseHTML("<body><p class='a'>one</p><p>two</p></body>");
  equal([...document.querySelectorAll("p")].map(({ textContent }) => textContent), ["one", "two"]);
  const button = document.createElement("button");
  let clicks = 0;
  button.addEventListener("click", () => clicks++);
  button.dispatchEvent(new Event("click"));
  document.querySelector("p.a").append(button);
  equal([clicks, document.querySelector(".a").innerHTML], [1, "one<button></button>"]);
});
