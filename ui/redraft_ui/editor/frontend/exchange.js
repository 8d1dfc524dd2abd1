// Between the server, which counts code points, and the editor, which counts UTF-16 units.

import { Model } from "./model.js";
import { suggester } from "./suggest.js";

/** A task with what was begun of it. `threshold` is somebody's own, or null. */
export function modelOf(task, draft, positions, threshold) {
  const units = (span) => positions.spanToUnits(span);
  return new Model({
    text: task.text,
    threshold: threshold ?? task.threshold,
    suggest: suggester(task.vocabulary),
    doubts: task.spans.map((span) => ({ ...units(span), score: span.score })),
    edits: (draft?.edits ?? []).map((edit) => ({ ...edit, ...units(edit) })),
    marks: (draft?.marks ?? []).map((mark) => ({ ...units(mark.span), type: mark.type })),
  });
}

/** What drafts and answers hold: edits, marks, what stands in an open input, and the seconds of work. */
export function contentOf({ edits, marks, typing }, positions, typed, seconds) {
  const points = ({ start, end }) => positions.spanToPoints({ start, end });
  return {
    edits: edits.map((edit) => ({ ...points(edit), replacement: edit.replacement, type: edit.type })),
    marks: marks.map((mark) => ({ span: points(mark), type: mark.type })),
    typing: typing ? { span: points(typing), text: typed } : null,
    seconds: Math.round(10 * seconds) / 10,
  };
}
