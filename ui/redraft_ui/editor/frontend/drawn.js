// A text with edits and marks to look at, without anything to press.

import { el } from "./dom.js";
import { Model } from "./model.js";
import { View } from "./view.js";

/** A paragraph with edits and marks drawn in; positions are UTF-16 units. */
export function drawn(text, edits, marks, labels) {
  const paragraph = el("p", { class: "text", dir: "auto", translate: "no" });
  const model = new Model({ text, doubts: [], threshold: 1, suggest: () => "other", edits, marks });
  const view = new View(paragraph, labels);
  view.update(model);
  for (const node of view.chosen) node.classList.remove("sel");
  return paragraph;
}
