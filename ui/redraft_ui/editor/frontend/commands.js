// What a command does to the model, and what is said about it.

import { lineStep } from "./pointer.js";

/** The words for what is selected now, as a screen reader tells them. */
export function describe(model, labels) {
  const edits = model.selectedEdits;
  if (edits.length === 1 && model.selected.length === 1) {
    const [{ start, end, replacement, type }] = edits;
    const old = model.text.slice(start, end).trim();
    const fresh = replacement.trim();
    const what = old && fresh ? `${old} replaced by ${fresh}` : old ? `${old} removed` : `added ${fresh}`;
    return `Change: ${what}, ${labels[type]}`;
  }
  const parts = [model.reading.trim() || "nothing"];
  const [mark] = model.selectedMarks;
  if (mark) parts.push(`marked wrong, ${labels[mark.type]}`);
  const [doubt] = model.selectedDoubts;
  if (doubt) parts.push(model.isChecked(doubt) ? "checked, right" : `doubtful, ${Math.round(doubt.score * 100)} percent`);
  if (edits.length) parts.push(edits.length === 1 ? "with a change" : `with ${edits.length} changes`);
  return parts.join(", ");
}

/** Move the selection; `key` is an arrow, Home or End. */
export function move(model, view, key, extend) {
  const { head, stops } = model;
  if (!stops.length) return;
  const to = {
    ArrowLeft: () => (extend || model.anchor === head ? head - 1 : Math.min(model.anchor, head)),
    ArrowRight: () => (extend || model.anchor === head ? head + 1 : Math.max(model.anchor, head)),
    ArrowUp: () => lineStep(view, stops, head, -1),
    ArrowDown: () => lineStep(view, stops, head, 1),
    Home: () => 0,
    End: () => stops.length - 1,
  }[key]();
  model.selectStop(to, extend);
}

/** What an opened input begins with: the words as they read now, or the removed ones again. */
export function openingText(model) {
  const [edit] = model.selectedEdits;
  if (edit && model.selected.length === 1) return (edit.replacement || model.text.slice(edit.start, edit.end)).trim();
  return model.reading.trim();
}

/** Where words are added: behind what is selected; `text` is what stands there already. */
export function gapBehind(model) {
  const at = model.range.end;
  const there = model.edits.find((edit) => edit.start === at && edit.end === at);
  return { start: at, end: at, text: there ? there.replacement.trim() : "" };
}

/** How much has been changed, in words. */
export function amount(model, marking) {
  if (marking) {
    const wrong = model.marks.length;
    return wrong === 0 ? "Nothing marked" : wrong === 1 ? "1 part marked as wrong" : `${wrong} parts marked as wrong`;
  }
  const { length } = model.edits;
  if (!length) return "Nothing changed";
  return `${length === 1 ? "1 change" : `${length} changes`} · ${Math.max(1, Math.round(100 * model.share))} % of the text`;
}

/** How many doubts are still open, in words. */
export function doubtsLeft(model) {
  const shown = model.doubts.filter((doubt) => doubt.score >= model.threshold).length;
  const open = model.open.length;
  if (!model.doubts.length) return "";
  if (!shown) return "No doubts above this level";
  if (!open) return "Every doubtful part looked at";
  return `${open} of ${shown} doubtful ${shown === 1 ? "part" : "parts"} to look at`;
}
