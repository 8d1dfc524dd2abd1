"""Untrusted text as HTML: everything is escaped, and marks never rest on colour alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from redraft.records import Edit, Span, SpanScore
from redraft.segments import changed_spans, diff_edits, ordered_edits, snap_to_words

UNSURE = 0.5
_MARKDOWN = re.compile(r"([!-/:-@\[-`{-~])")


def plain(text: str) -> str:
    """``text`` with every sign escaped, so that Streamlit's Markdown shows it as it is."""
    return _MARKDOWN.sub(r"\\\1", text)


def response_html(text: str, spans: Sequence[SpanScore], threshold: float = UNSURE) -> str:
    """A response as a paragraph, with the spans that score at least ``threshold`` shaded and underlined.

    Spans may touch, overlap or reach beyond the text; the union of the unsure ones is marked.
    """
    unsure = [False] * len(text)
    for scored in spans:
        if scored.score >= threshold:
            for at in range(scored.span.start, min(scored.span.end, len(text))):
                unsure[at] = True
    parts: list[str] = []
    start = 0
    for at in range(1, len(text) + 1):
        if at == len(text) or unsure[at] != unsure[start]:
            run = escape(text[start:at])
            parts.append(f'<mark class="rd-unsure">{run}</mark>' if unsure[start] else run)
            start = at
    return f'<p class="rd-response">{"".join(parts)}</p>'


def edit_html(original: str, edit: Edit) -> str:
    """One edit in its surroundings: what goes is struck through, what comes is underlined."""
    before, after = _around(original, edit)
    old, new = original[edit.start : edit.end], edit.replacement
    gone = f"<del>{escape(_visible(old))}</del>" if old else ""
    comes = f"<ins>{escape(_visible(new))}</ins>" if new else ""
    arrow = ' <span class="rd-arrow" aria-label="becomes">→</span> ' if gone and comes else ""
    what = "replace" if gone and comes else "remove" if gone else "add"
    return (
        f'<p class="rd-edit"><span class="rd-what">{what}</span> '
        f'<span class="rd-around">{escape(before)}</span>{gone}{arrow}{comes}'
        f'<span class="rd-around">{escape(after)}</span></p>'
    )


def edited_html(original: str, edits: Sequence[Edit]) -> str:
    """A whole correction as one running text: what went struck through, what came underlined, each with its type.

    Raises:
        EditError: if the edits do not fit the text.
    """
    parts: list[str] = []
    at = 0
    for edit in ordered_edits(original, edits):
        old, new = original[edit.start : edit.end], edit.replacement
        gone = f"<del>{escape(_visible(old))}</del>" if old else ""
        comes = f"<ins>{escape(_visible(new))}</ins>" if new else ""
        kind = f'<span class="rd-type">{edit.type.value}</span>'
        parts += [escape(original[at : edit.start]), gone, comes, kind]
        at = edit.end
    return f'<p class="rd-running">{"".join(parts)}{escape(original[at:])}</p>'


def compared_html(one: str, two: str) -> tuple[str, str]:
    """Two texts, each with the words that the other does not have marked by shade and by a line under them."""
    in_one, in_two = changed_spans(one, diff_edits(one, two))
    return _differing(one, in_one, "rd-only-one"), _differing(two, in_two, "rd-only-two")


def table_html(head: Sequence[str], rows: Sequence[Sequence[str]], caption: str) -> str:
    """A table of plain texts, the first cell of a row being its heading."""
    top = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
    body = "".join(
        "<tr>"
        + f'<th scope="row" data-label="{escape(head[0])}">{escape(row[0])}</th>'
        + "".join(
            f'<td data-label="{escape(name)}">{escape(cell)}</td>' for name, cell in zip(head[1:], row[1:], strict=True)
        )
        + "</tr>"
        for row in rows
    )
    return (
        f'<table class="rd-table"><caption>{escape(caption)}</caption>'
        f"<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"
    )


def _differing(text: str, spans: Sequence[Span], side: str) -> str:
    parts: list[str] = []
    at = 0
    for span in snap_to_words(text, spans):
        words = escape(_visible(text[span.start : span.end]))
        parts += [escape(text[at : span.start]), f'<mark class="rd-only {side}">{words}</mark>']
        at = span.end
    return f'<p class="rd-running">{"".join(parts)}{escape(text[at:])}</p>'


def _around(original: str, edit: Edit, width: int = 30) -> tuple[str, str]:
    """The words before and after an edit; what is cut off is told by an ellipsis."""
    before, after = original[: edit.start], original[edit.end :]
    if len(before) > width:
        before = "…" + before[-width:].split(" ", 1)[-1]
    if len(after) > width:
        after = after[:width].rsplit(" ", 1)[0] + "…"
    return before.replace("\n", " "), after.replace("\n", " ")


def _visible(text: str) -> str:
    """White space alone would not be seen."""
    return text if text.strip() else text.replace(" ", "␣").replace("\n", "⏎").replace("\t", "⇥")
