// Draws the segments of a model, and touches only those that have changed since.

import { el } from "./dom.js";

export class View {
  /** `paragraph` holds the text and nothing else; `labels` names types. */
  constructor(paragraph, labels) {
    Object.assign(this, { paragraph, labels, segments: [], nodes: [], chosen: [] });
    this.places = new WeakMap();
    this.ghost = null;
  }

  /** Forget another text. */
  clear() {
    this.paragraph.replaceChildren();
    Object.assign(this, { segments: [], nodes: [], chosen: [], ghost: null });
  }

  /** Draw what has changed; one node a segment, those before the first difference and behind the last one stay. */
  update(model) {
    const next = model.segments;
    const [old, nodes] = [this.segments, this.nodes];
    let first = 0;
    while (first < old.length && first < next.length && old[first].key === next[first].key) first++;
    let behind = 0;
    while (behind < old.length - first && behind < next.length - first
      && old[old.length - 1 - behind].key === next[next.length - 1 - behind].key) behind++;
    const fresh = next.slice(first, next.length - behind).map((segment) => this.#draw(segment));
    const gone = nodes.slice(first, old.length - behind);
    const before = nodes[old.length - behind] ?? null;
    for (const node of gone) node.remove();
    if (fresh.length) {
      const all = document.createDocumentFragment();
      all.append(...fresh);
      this.paragraph.insertBefore(all, before);
    }
    this.nodes = [...nodes.slice(0, first), ...fresh, ...nodes.slice(old.length - behind)];
    this.segments = next;
    this.nodes.forEach((node, at) => this.places.set(node, at));
    this.select(model);
  }

  /** Show what is selected. */
  select(model) {
    const { selected } = model;
    const [first, last] = [this.segments.indexOf(selected[0]), this.segments.indexOf(selected.at(-1))];
    const nodes = model.typing || first < 0 ? [] : this.nodes.slice(first, last + 1);
    for (const node of this.chosen) if (!nodes.includes(node)) node.classList.remove("sel");
    for (const node of nodes) node.classList.add("sel");
    this.chosen = nodes;
  }

  /** What stands in the open input: a copy in the text's flow makes room for it. */
  type(value) { if (this.ghost) this.ghost.textContent = `${value}\u200B`; }

  /** The segment that a node of the page belongs to. */
  segmentOf(node) {
    for (let at = node; at && at !== this.paragraph; at = at.parentNode) {
      const place = this.places.get(at);
      if (place !== undefined && this.nodes[place] === at) return this.segments[place];
    }
    return undefined;
  }

  /** The node that a stop is drawn as. */
  nodeOf(segment) { return this.nodes[this.segments.indexOf(segment)]; }

  #draw(segment) {
    if (segment.kind === "edit") return this.#edit(segment);
    if (segment.kind === "typing") return this.#input(segment);
    const node = el("span", { class: `${segment.kind} ${segment.tint}`.trim(), text: segment.text });
    if (segment.mark && segment.tint.includes("last")) node.dataset.type = this.labels[segment.mark.type];
    return node;
  }

  #edit({ text, edit }) {
    const node = el("span", { class: "edit", "data-type": this.labels[edit.type] });
    if (text) node.append(...struck(text));
    if (edit.replacement) node.append(el("ins", { text: visible(edit.replacement) }));
    return node;
  }

  #input({ text }) {
    this.ghost = el("span", { class: "ghost" });
    const node = el("span", { class: "typing" });
    if (text) node.append(...struck(text));
    node.append(this.ghost);
    return node;
  }
}

/** Words that go; the space before them goes too, without a line through it. */
function struck(text) {
  const space = text.trim() ? text.slice(0, text.length - text.trimStart().length) : "";
  return [space, el("del", { text: visible(text.slice(space.length)) })];
}

/** White space alone would not be seen. */
const visible = (text) => (text.trim() ? text : text.replaceAll(" ", "\u2423").replaceAll("\n", "\u23CE"));
