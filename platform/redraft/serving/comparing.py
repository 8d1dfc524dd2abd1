"""What several versions say about one picture, with the words that differ marked."""

from __future__ import annotations

from collections.abc import Sequence

from redraft.records import Span
from redraft.segments import changed_spans, diff_edits, snap_to_words

LEFT, RIGHT = ("[-", "-]"), ("{+", "+}")
"""As wdiff marks them: words that the first alone has, and words that the second alone has."""


def marked(one: str, two: str) -> tuple[str, str]:
    """Two texts, each with the words that the other does not have in brackets."""
    in_one, in_two = changed_spans(one, diff_edits(one, two))
    return _marked(one, in_one, LEFT), _marked(two, in_two, RIGHT)


def _marked(text: str, spans: Sequence[Span], brackets: tuple[str, str]) -> str:
    parts, at = [], 0
    for span in snap_to_words(text, spans):
        if words := text[span.start : span.end].strip():
            start = text.index(words, span.start)
            parts += [text[at:start], brackets[0], words, brackets[1]]
            at = start + len(words)
    return "".join([*parts, text[at:]])
