// Streamlit calls the default export when the component appears and again with every change of `data`; what it returns is
// called when the component goes. So one editor lives as long as its place on the page, whatever runs behind it.

import { Editor } from "./editor.js";
import { el } from "./dom.js";

const places = new WeakMap();

export default function mount(component) {
  const { parentElement: place, data } = component;
  let here = places.get(place);
  if (!here) {
    here = make(component);
    places.set(place, here);
  }
  here.component = component;
  theme(here.root);
  here.editor.turns.offered(data.task);
  return () => {
    here.editor.close();
    here.root.remove();
    places.delete(place);
  };
}

function make(component) {
  const root = el("div", { class: "redraft-root" });
  component.parentElement.append(root);
  const here = { root, component };
  here.editor = new Editor(root, component.data, (event) => here.component.setTriggerValue("advance", event));
  return here;
}

/** Streamlit's themes are its own: dark is what has a dark background. */
function theme(root) {
  const colour = getComputedStyle(root).getPropertyValue("--st-background-color");
  const probe = el("span", { hidden: true });
  probe.style.color = colour;
  root.append(probe);
  const [r, g, b] = getComputedStyle(probe).color.match(/[\d.]+/g).map(Number);
  probe.remove();
  root.dataset.theme = 0.299 * r + 0.587 * g + 0.114 * b < 128 ? "dark" : "light";
}
