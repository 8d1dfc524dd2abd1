// The answer in the making: edits and marks on the original text, what is selected, and the way back.
//
//   original text ──► units ──┐
//   edits, marks, typing ─────┴──► segments (what is drawn) ──► stops (what can be selected)
//
// Nothing here touches the page. Positions are UTF-16 units of the original, half-open. Edits never overlap.

import { segmentsOf } from "./segments.js";
import { applied, spaced, unitsOf, withSpace, wordEdits } from "./text.js";

const overlap = (a, b) => a.start < b.end && b.start < a.end;
const same = (a, b) => a.start === b.start && a.end === b.end;
const within = (a, b) => a.start >= b.start && a.end <= b.end;
const touches = (a, b) => overlap(a, b) || same(a, b) || (a.start === a.end && a.start > b.start && a.start < b.end);
const inOrder = (a, b) => a.start - b.start || a.end - b.end;

export class Model {
  /** `suggest(old, new)` names the type of a change; doubts are `{start, end, score}`. */
  constructor({ text, doubts, threshold, suggest, edits = [], marks = [] }) {
    Object.assign(this, { text, doubts, threshold, suggest, edits: [...edits].sort(inOrder), marks });
    this.units = unitsOf(text);
    this.past = [];
    this.future = [];
    this.typing = null;
    this.anchor = this.head = 0;
    this.rebuild();
    if (this.open.length) this.select(this.open[0]);
  }

  // ---- what it says

  get corrected() { return applied(this.text, this.edits); }

  /** How much is changed, in [0, 1]; the server counts the same. */
  get share() {
    const count = (s) => [...s].length;
    const size = (e) => Math.max(count(this.text.slice(e.start, e.end)), count(e.replacement));
    return Math.min(this.edits.reduce((sum, e) => sum + size(e), 0) / Math.max(count(this.text), 1), 1);
  }

  /** Doubts that are shown and neither changed nor checked. */
  get open() {
    const settled = (doubt) => this.isChecked(doubt) || this.edits.some((e) => touches(e, doubt));
    return this.doubts.filter((doubt) => doubt.score >= this.threshold && !settled(doubt));
  }

  isChecked(doubt) { return this.marks.some((mark) => mark.type === null && same(mark, doubt)); }

  // ---- selection

  get stops() { return this.#stops; }
  get selected() { return this.#stops.slice(Math.min(this.anchor, this.head), Math.max(this.anchor, this.head) + 1); }

  /** The selected part of the original; empty for an insertion. */
  get range() {
    const selected = this.selected;
    return { start: selected[0]?.start ?? 0, end: selected.at(-1)?.end ?? 0 };
  }

  get selectedEdits() { return this.selected.filter((stop) => stop.kind === "edit").map((stop) => stop.edit); }
  get selectedDoubts() { return this.doubts.filter((doubt) => doubt.score >= this.threshold && overlap(doubt, this.range)); }
  get selectedMarks() { return this.marks.filter((mark) => mark.type !== null && overlap(mark, this.range)); }

  /** The selected words as they read now. */
  get reading() {
    const { start, end } = this.range;
    const inside = this.edits.filter((e) => within(e, { start, end }));
    return applied(this.text.slice(0, end), [{ start: 0, end: start, replacement: "" }, ...inside]);
  }

  /** Select what lies in a range of the original. */
  select(range, backwards = false) {
    const first = this.#stops.findIndex((stop) => touches(stop, range));
    if (first < 0) return this.selectAt(range.start);
    let last = first;
    while (last + 1 < this.#stops.length && touches(this.#stops[last + 1], range)) last++;
    [this.anchor, this.head] = backwards ? [last, first] : [first, last];
  }

  selectAt(position) {
    const at = this.#stops.findIndex((stop) => stop.end > position);
    this.anchor = this.head = at < 0 ? Math.max(this.#stops.length - 1, 0) : at;
  }

  selectStop(index, extend = false) {
    this.head = Math.min(Math.max(index, 0), Math.max(this.#stops.length - 1, 0));
    if (!extend) this.anchor = this.head;
  }

  /** Go to the next (or previous) of some ranges; false if there is none in that direction and `wrap` is not asked for. */
  jump(ranges, step, wrap) {
    const { start } = this.range;
    const ordered = [...ranges].sort(inOrder);
    const ahead = step > 0 ? ordered.find((r) => r.start > start) : ordered.findLast((r) => r.start < start);
    const target = ahead ?? (wrap ? ordered.at(step > 0 ? 0 : -1) : undefined);
    if (target) this.select(target);
    return Boolean(target);
  }

  // ---- changes

  /** Put words in place of a range, or take them in at an empty one; white space at the ends of both stays as it is. */
  replace(range, words, type = null) {
    const old = this.edits.filter((e) => touches(e, range));
    const kept = old.length === 1 && same(old[0], range) ? old[0].type : null;
    const made = this.#minimal(range, words.trim()).map((e) => (
      { ...e, type: type ?? kept ?? this.suggest(this.text.slice(e.start, e.end), e.replacement) }));
    if (JSON.stringify(old) !== JSON.stringify(made)) this.#change(() => this.#put(range, made));
    return made;
  }

  /** Remove the selected words; of an insertion, the insertion. */
  remove() { return this.replace(this.range, ""); }

  /** Take back the selected edits. */
  restore() {
    if (this.selectedEdits.length) this.#change(() => this.#put(this.range, []));
  }

  /** The type of the selected edits; false if none is selected. */
  setType(type) {
    const chosen = new Set(this.selectedEdits);
    if (chosen.size) this.#change(() => { this.edits = this.edits.map((e) => (chosen.has(e) ? { ...e, type } : e)); });
    return chosen.size > 0;
  }

  /** Say of the selected doubts that they are right, or no longer; undefined if there is none to say it of. */
  toggleChecked() {
    const doubts = this.selectedDoubts.filter((doubt) => !this.edits.some((e) => touches(e, doubt)));
    if (!doubts.length) return undefined;
    const checked = !doubts.every((doubt) => this.isChecked(doubt));
    this.#change(() => {
      this.marks = this.marks.filter((mark) => !doubts.some((doubt) => same(mark, doubt)));
      if (checked) this.marks = [...this.marks, ...doubts.map(({ start, end }) => ({ start, end, type: null }))];
    });
    return checked;
  }

  /** Mark the selected words as wrong in the way of `type`, or with null as not wrong. */
  markWrong(type) {
    const range = this.range;
    if (range.start === range.end) return;
    this.#change(() => {
      this.marks = this.marks.filter((mark) => !overlap(mark, range));
      if (type) this.marks = [...this.marks, { ...range, type }].sort(inOrder);
    });
  }

  undo() { return this.#travel(this.past, this.future); }
  redo() { return this.#travel(this.future, this.past); }

  // ---- an open input

  /** Open an input over a range; `type` is what the change will be, if that is known already. */
  openInput(range, type = null) {
    this.typing = { ...range, type, before: this.range };
    this.rebuild();
  }

  /** Close it without a change, with what was selected before selected again. */
  closeInput() {
    const { before } = this.typing;
    this.typing = null;
    this.rebuild();
    this.select(before);
  }

  rebuild() {
    this.segments = segmentsOf(this);
    this.#stops = this.segments.filter((segment) => segment.kind === "word" || segment.kind === "edit");
    this.selectStop(this.head, true);
    this.anchor = Math.min(this.anchor, Math.max(this.#stops.length - 1, 0));
  }

  #stops = [];

  /** The edits, word by word, that put `words` in place of a range. */
  #minimal(range, words) {
    if (range.start === range.end) return words ? [{ ...range, replacement: spaced(this.text, range.start, words) }] : [];
    if (!words) return [{ ...withSpace(this.text, range), replacement: "" }];
    const ends = this.text.includes("\r\n") ? words.replace(/\r?\n/g, "\r\n") : words;
    const inner = this.text.slice(range.start, range.end);
    const [left, right] = [inner.length - inner.trimStart().length, inner.length - inner.trimEnd().length];
    return wordEdits(this.text, { start: range.start + left, end: range.end - right }, ends);
  }

  #put(range, edits) {
    const kept = this.edits.filter((e) => !touches(e, range) && !edits.some((fresh) => touches(e, fresh)));
    this.edits = [...kept, ...edits].sort(inOrder);
    this.marks = this.marks.filter((mark) => !edits.some((e) => touches(e, mark)));
  }

  #change(act) {
    const range = this.range;
    this.past.push({ edits: this.edits, marks: this.marks, range });
    this.future = [];
    act();
    this.rebuild();
    this.select(range);
  }

  #travel(from, to) {
    const state = from.pop();
    if (!state) return false;
    to.push({ edits: this.edits, marks: this.marks, range: state.range });
    Object.assign(this, { edits: state.edits, marks: state.marks });
    this.rebuild();
    this.select(state.range);
    return true;
  }
}
