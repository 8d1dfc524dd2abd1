// Selecting by mouse and finger. What the browser selects stays selected, so that it can be copied; we take over which
// words it covers.

/** Listens on `pane`; `on` has `pick(range, {extend, keep})` and `edit()`. A range is of the original text. */
export class Pointer {
  constructor(pane, view, on) {
    Object.assign(this, { pane, view, on });
    pane.addEventListener("click", (event) => this.#clicked(event));
    pane.addEventListener("pointerdown", () => document.addEventListener("pointerup", (event) => {
      if (!pane.contains(event.target)) this.#selected();
    }, { once: true }));
    pane.addEventListener("dblclick", () => on.edit());
    this.changed = () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.#selected(), 250);
    };
    pane.addEventListener("touchstart", () => document.addEventListener("selectionchange", this.changed), { passive: true });
  }

  close() {
    clearTimeout(this.timer);
    document.removeEventListener("selectionchange", this.changed);
  }

  #clicked(event) {
    if (event.target.closest("textarea, button")) return;
    if (this.#selected()) return;
    const hit = this.view.segmentOf(event.target) ?? this.#near(event);
    if (hit) this.on.pick(hit, { extend: event.shiftKey, keep: false });
  }

  /** Take over what the browser has selected in the response; false if nothing. */
  #selected() {
    const selection = document.getSelection();
    if (!selection || selection.isCollapsed || !selection.rangeCount) return false;
    const range = selection.getRangeAt(0);
    const { paragraph } = this.view;
    if (!range.intersectsNode(paragraph) || !paragraph.contains(selection.focusNode ?? null)) return false;
    const isWord = ({ kind }) => kind === "word" || kind === "edit";
    const words = this.view.segments.filter((segment, at) => isWord(segment) && covers(range, this.view.nodes[at]));
    if (!words.length) return false;
    this.on.pick({ start: words[0].start, end: words.at(-1).end }, { extend: false, keep: true });
    return true;
  }

  /** The word nearest to a click beside all words. */
  #near({ clientX, clientY }) {
    let [best, least] = [null, Infinity];
    this.view.segments.forEach((segment, at) => {
      if (segment.kind === "gap" || segment.kind === "typing") return;
      for (const box of this.view.nodes[at].getClientRects()) {
        const dx = Math.max(box.left - clientX, 0, clientX - box.right);
        const dy = Math.max(box.top - clientY, 0, clientY - box.bottom);
        if (dx + 4 * dy < least) [best, least] = [segment, dx + 4 * dy];
      }
    });
    return best;
  }
}

/** Whether a selection holds at least one character of a node. */
function covers(range, node) {
  if (!range.intersectsNode(node)) return false;
  const inner = document.createRange();
  inner.selectNodeContents(node);
  if (range.compareBoundaryPoints(Range.START_TO_START, inner) > 0) inner.setStart(range.startContainer, range.startOffset);
  if (range.compareBoundaryPoints(Range.END_TO_END, inner) < 0) inner.setEnd(range.endContainer, range.endOffset);
  return inner.toString().length > 0;
}

/** The stop that lies in the line above (−1) or below (1) another, at about the same place. */
export function lineStep(view, stops, index, step) {
  const boxes = stops.map((stop) => view.nodeOf(stop).getBoundingClientRect());
  const from = boxes[index];
  const middle = (from.left + from.right) / 2;
  let [line, best, least] = [null, null, Infinity];
  for (let i = index + step; i >= 0 && i < stops.length; i += step) {
    const box = boxes[i];
    if (step > 0 ? box.top < from.bottom - 2 : box.bottom > from.top + 2) continue;
    line ??= box;
    if (step > 0 ? box.top >= line.bottom - 2 : box.bottom <= line.top + 2) break;
    const away = Math.abs((box.left + box.right) / 2 - middle);
    if (away < least) [best, least] = [i, away];
  }
  return best ?? (step > 0 ? stops.length - 1 : 0);
}
