// The text in the pieces in which it is drawn: words, gaps between them, edits, and the input that is open.

/** How sure the eye must be: doubts are drawn in three strengths. */
const strength = (score, threshold) => Math.min(3, 1 + Math.floor(3 * (score - threshold) / Math.max(1 - threshold, 0.01)));

/**
 * The segments of a model, in order, covering the original text once.
 *
 * Each is `{kind, start, end, text, key}`: `word` and `gap` with `tint` (how they are drawn) and `doubt` or `mark`,
 * `edit` with its edit, `typing` without its words. Two with equal keys look the same.
 */
export function segmentsOf(model) {
  const { text, edits, typing } = model;
  const out = [];
  const tints = tintsOf(model);
  const covered = (edit) => typing && edit.start >= typing.start && edit.end <= typing.end
    && (typing.start < typing.end || edit.start === edit.end);
  const pieces = edits.filter((edit) => !covered(edit)).map((edit) => ({ ...edit, kind: "edit", edit }));
  if (typing) pieces.push({ kind: "typing", start: typing.start, end: typing.end });
  pieces.sort((a, b) => a.start - b.start || a.end - b.end);

  const plain = plainPieces(model, tints, out);
  let at = 0;
  for (const piece of pieces) {
    plain(at, piece.start);
    const { kind, start, end, edit } = piece;
    const key = kind === "edit" ? `e${start}:${end}:${edit.type}:${edit.replacement}` : `t${start}:${end}`;
    out.push({ kind, start, end, edit, text: text.slice(start, end), key });
    at = Math.max(at, end);
  }
  plain(at, text.length);
  return out;
}

/** A function that appends the words and gaps of a range, each range behind the last. */
function plainPieces({ text, units }, tints, out) {
  let next = 0;
  const push = (kind, start, end) => {
    const tint = tints(start, end, kind);
    out.push({ kind, start, end, text: text.slice(start, end), ...tint, key: `${kind[0]}${start}:${end}:${tint.tint}` });
  };
  return (from, to) => {
    let at = from;
    while (next < units.length && units[next].end <= from) next++;
    for (let i = next; i < units.length && units[i].start < to; i++) {
      const start = Math.max(units[i].start, from);
      const end = Math.min(units[i].end, to);
      if (start > at) push("gap", at, start);
      push("word", start, end);
      at = end;
    }
    if (to > at) push("gap", at, to);
  };
}

/** A function that tells how a piece is drawn, for pieces in order: doubtful, checked, marked wrong, or plain. */
function tintsOf({ doubts, edits, marks, threshold }) {
  const checked = new Set(marks.filter((mark) => mark.type === null).map((mark) => `${mark.start}:${mark.end}`));
  const wrong = marks.filter((mark) => mark.type !== null);
  const changed = (doubt) => edits.some((edit) => edit.start < doubt.end && doubt.start < edit.end);
  const isChecked = (doubt) => checked.has(`${doubt.start}:${doubt.end}`);
  const shown = doubts.filter((doubt) => isChecked(doubt) || (doubt.score >= threshold && !changed(doubt)));
  const find = (list, start, end, kind) => {
    let best;
    for (const item of list) {
      const hit = kind === "gap" ? item.start < start && item.end > end : item.start < end && start < item.end;
      if (hit && (!best || (item.score ?? 1) > (best.score ?? 1))) best = item;
    }
    return best;
  };
  return (start, end, kind) => {
    const mark = find(wrong, start, end, kind);
    if (mark) return { tint: `wrong ${mark.type}${end >= mark.end ? " last" : ""}`, mark };
    const doubt = find(shown, start, end, kind);
    if (!doubt) return { tint: "" };
    if (isChecked(doubt)) return { tint: `checked${end >= doubt.end ? " last" : ""}`, doubt };
    return { tint: `doubt d${strength(doubt.score, threshold)}`, doubt };
  };
}
