// Elements are made here and nowhere else. Strings become text nodes, never markup: responses are untrusted.

/** An element with attributes, `on…` listeners and children; `class`, `text` and booleans do what they say. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "text") node.textContent = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** A button that leaves the focus where it is when a mouse presses it; the second half of a double click is no press. */
export function button(label, onpress, attributes = {}) {
  return el("button", {
    type: "button",
    onmousedown: (event) => event.preventDefault(),
    onclick: (event) => { if (event.detail < 2) onpress(event); },
    ...attributes,
  }, ...[label].flat());
}

/** A key as it is drawn. */
export const key = (name) => el("kbd", { text: name });

/** Text that only screen readers tell, and that nobody copies. */
export const spoken = (text) => el("span", { class: "spoken", text });

/** Change an attribute only if it differs: untouched attributes cost no layout. */
export function set(node, name, value) {
  if (value === null || value === undefined || value === false) {
    if (node.hasAttribute(name)) node.removeAttribute(name);
  } else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
}

/** Change a text only if it differs. */
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
