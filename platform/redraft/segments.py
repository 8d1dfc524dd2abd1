"""Which words of a rejected and a chosen response differ, as character spans and as tokens.

    edits ──► apply_edits      the corrected text
          ──► snap_edits ──► changed_spans ──► changed_mask    the default: whole words, then the tokens over them
    two texts ──► diff_edits   the same for pairs that came without edits
    two token lists ──► changed_tokens   token-level diffs, the released RLHF-V code's among them

Positions are Unicode code points, half-open. Rejected is the original text, chosen the corrected one.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import accumulate, pairwise

from redraft.errors import ConfigError, EditError
from redraft.records import Edit, HallucinationType, Span

Spans = tuple[Span, ...]

WORD = re.compile(r"\w+(?:['\u2019-]\w+)*")
_PIECE = re.compile(WORD.pattern + r"|[^\w\s]")
_RELEASED_SHORTEST_MATCH = 3


def ordered_edits(text: str, edits: Sequence[Edit]) -> tuple[Edit, ...]:
    """The edits in the order of the text.

    An insertion may touch the edge of another edit: at its start the insertion comes first, at its end last.

    Raises:
        EditError: if an edit reaches past the text, two overlap, or two insert at one place (their order is unknown).
    """
    ordered = tuple(sorted(edits, key=lambda edit: (edit.start, edit.end)))
    for edit in ordered:
        if edit.end > len(text):
            raise EditError(
                f"edit [{edit.start}, {edit.end}) reaches past the text, which has {len(text)} characters: "
                "count positions in code points of the original text"
            )
    for one, two in pairwise(ordered):
        if one.start == one.end == two.start == two.end:
            raise EditError(f"two edits insert at character {one.start}: join them into one")
        if two.start < one.end:
            raise EditError(
                f"edits [{one.start}, {one.end}) and [{two.start}, {two.end}) overlap: join them into one edit"
            )
    return ordered


def apply_edits(text: str, edits: Sequence[Edit]) -> str:
    """The text that the edits give, in whatever order they are listed.

    Raises:
        EditError: as ``ordered_edits``.
    """
    pieces: list[str] = []
    at = 0
    for edit in ordered_edits(text, edits):
        pieces += [text[at : edit.start], edit.replacement]
        at = edit.end
    return "".join([*pieces, text[at:]])


def changed_spans(text: str, edits: Sequence[Edit]) -> tuple[Spans, Spans]:
    """What the edits change, exactly as drawn: spans of the rejected text, spans of the chosen text.

    A pure deletion marks the rejected side alone, a pure insertion the chosen side alone; an edit that puts back what
    was there marks nothing.

    Raises:
        EditError: as ``ordered_edits``.
    """
    rejected: list[Span] = []
    chosen: list[Span] = []
    shift = 0
    for edit in ordered_edits(text, edits):
        start = edit.start + shift
        shift += len(edit.replacement) - (edit.end - edit.start)
        if text[edit.start : edit.end] == edit.replacement:
            continue
        if edit.end > edit.start:
            rejected.append(Span(start=edit.start, end=edit.end))
        if edit.replacement:
            chosen.append(Span(start=start, end=start + len(edit.replacement)))
    return tuple(rejected), tuple(chosen)


def diff_edits(rejected: str, chosen: str) -> tuple[Edit, ...]:
    """Word-level edits that turn ``rejected`` into ``chosen``, for texts that came without any.

    Words and punctuation marks are aligned (``difflib``, ``autojunk=False``); what lies between two aligned ones in a
    row and differs is an edit, without the white space that both texts have at its ends.
    """
    a, b = [list(_PIECE.finditer(text)) for text in (rejected, chosen)]
    matcher = SequenceMatcher(None, [m[0] for m in a], [m[0] for m in b], autojunk=False)
    edits: list[Edit] = []
    at = chosen_at = 0
    for block in matcher.get_matching_blocks():
        for i, k in zip(range(block.a, block.a + block.size), range(block.b, block.b + block.size), strict=True):
            edits += _gap_edit(rejected, at, a[i].start(), chosen[chosen_at : b[k].start()])
            at, chosen_at = a[i].end(), b[k].end()
    return (*edits, *_gap_edit(rejected, at, len(rejected), chosen[chosen_at:]))


def diff_spans(rejected: str, chosen: str) -> tuple[Spans, Spans]:
    """As ``changed_spans``, from a word-level diff, with white space at the ends of spans left out."""
    on_rejected, on_chosen = changed_spans(rejected, diff_edits(rejected, chosen))
    return snap_to_words(rejected, on_rejected), snap_to_words(chosen, on_chosen)


def snap_edits(text: str, edits: Sequence[Edit]) -> tuple[Edit, ...]:
    """The same correction told in whole words: an ``s`` put behind ``cup`` becomes ``cup`` replaced by ``cups``.

    An edit grows over every word that it cuts in either text; edits that then meet in one word are joined and keep the
    type of the first. The corrected text stays the same.

    Raises:
        EditError: as ``ordered_edits``.
    """
    corrected = apply_edits(text, edits)
    snapped: list[_Range] = []
    shift = 0
    for edit in ordered_edits(text, edits):
        start, end = edit.start + shift, edit.start + shift + len(edit.replacement)
        shift = end - edit.end
        left = max(_cut(text, edit.start)[0], _cut(corrected, start)[0])
        right = max(_cut(text, edit.end)[1], _cut(corrected, end)[1])
        grown = _Range(edit.start - left, edit.end + right, start - left, end + right, edit.type)
        if snapped and (grown.start < snapped[-1].end or grown.chosen_start < snapped[-1].chosen_end):
            grown = replace(snapped.pop(), end=grown.end, chosen_end=grown.chosen_end)
        snapped.append(grown)
    return tuple(
        Edit(start=r.start, end=r.end, replacement=corrected[r.chosen_start : r.chosen_end], type=r.type)
        for r in snapped
    )


def snap_to_words(text: str, spans: Sequence[Span]) -> Spans:
    """Spans grown to the words they cut, without white space at their ends; overlapping and touching ones merged.

    Spans are returned in the order of the text. One of white space alone stays as it is.
    """
    if not spans:
        return ()
    words = [match.span() for match in WORD.finditer(text)]
    snapped = sorted((_snapped(text, words, span) for span in spans), key=lambda span: (span.start, span.end))
    merged: list[Span] = []
    for span in snapped:
        if merged and span.start <= merged[-1].end:
            merged[-1] = Span(start=merged[-1].start, end=max(merged[-1].end, span.end))
        else:
            merged.append(span)
    return tuple(merged)


def changed_mask(starts: Sequence[int], ends: Sequence[int], spans: Sequence[Span]) -> list[bool]:
    """For each token, whether its characters ``[start, end)`` overlap a changed span.

    A token without characters never does. So the end-of-sequence token counts as unchanged even behind a deletion at
    the very end: nobody wrote it anew, and the deletion already weighs on the rejected side.
    """
    ordered = sorted((span.start, span.end) for span in spans)
    reach = list(accumulate((end for _, end in ordered), max))
    mask = []
    for start, end in zip(starts, ends, strict=True):
        before = bisect_left(ordered, (end, end)) if start < end else 0
        mask.append(before > 0 and reach[before - 1] > start)
    return mask


def changed_tokens(rejected: Sequence[int], chosen: Sequence[int], *, preset: str) -> tuple[list[int], list[int]]:
    """Indices of the changed tokens in ``rejected`` and in ``chosen``, ascending, from a token-level diff.

    ``paper`` and ``recommended`` count every token that a ``difflib`` alignment without autojunk leaves unmatched.
    ``released`` does what the code published with RLHF-V does on the sequences it is given: rejected first, difflib's
    defaults (so tokens frequent in a chosen sequence of 200 or more cannot anchor a match), matching blocks shorter
    than 3 tokens dropped, and of the gaps between the rest only those that hold tokens on both sides. That code gives
    it whole rows from the second token on, prompt and padding included, and its result depends on them.

    Raises:
        ConfigError: if the preset is none of these.
    """
    if preset == "released":
        return _released_diff(rejected, chosen)
    if preset not in ("paper", "recommended"):
        raise ConfigError(f"unknown preset {preset!r}: use one of paper, recommended, released")
    in_rejected: list[int] = []
    in_chosen: list[int] = []
    for tag, i, j, k, n in SequenceMatcher(None, rejected, chosen, autojunk=False).get_opcodes():
        if tag != "equal":
            in_rejected += range(i, j)
            in_chosen += range(k, n)
    return in_rejected, in_chosen


def _released_diff(rejected: Sequence[int], chosen: Sequence[int]) -> tuple[list[int], list[int]]:
    *blocks, end = SequenceMatcher(None, rejected, chosen).get_matching_blocks()
    in_rejected: list[int] = []
    in_chosen: list[int] = []
    i = k = 0
    for block in [*(b for b in blocks if b.size >= _RELEASED_SHORTEST_MATCH), end]:
        if block.a > i and block.b > k:
            in_rejected += range(i, block.a)
            in_chosen += range(k, block.b)
        i, k = block.a + block.size, block.b + block.size
    return in_rejected, in_chosen


def _gap_edit(text: str, start: int, end: int, replacement: str) -> list[Edit]:
    """The edit, if any, that puts ``replacement`` in place of ``text[start:end]``, outer white space in common kept."""
    while start < end and replacement and text[start].isspace() and text[start] == replacement[0]:
        start, replacement = start + 1, replacement[1:]
    while start < end and replacement and text[end - 1].isspace() and text[end - 1] == replacement[-1]:
        end, replacement = end - 1, replacement[:-1]
    if text[start:end] == replacement:
        return []
    return [Edit(start=start, end=end, replacement=replacement, type=HallucinationType.OTHER)]


def _snapped(text: str, words: Sequence[tuple[int, int]], span: Span) -> Span:
    """``words`` are those of the text, in order."""
    inside = text[span.start : span.end]
    if not inside.strip():
        return span
    start = span.start + len(inside) - len(inside.lstrip())
    end = span.start + len(inside.rstrip())
    first = bisect_right(words, start, key=lambda word: word[1])
    last = bisect_left(words, end, key=lambda word: word[0]) - 1
    if first <= last:
        start, end = min(start, words[first][0]), max(end, words[last][1])
    return Span(start=start, end=end)


@dataclass(frozen=True)
class _Range:
    """An edit by its ends in both texts."""

    start: int
    end: int
    chosen_start: int
    chosen_end: int
    type: HallucinationType


def _cut(text: str, at: int) -> tuple[int, int]:
    """How far the word that a boundary cuts reaches to its left and right; zeros where it cuts none."""
    for word in WORD.finditer(text):
        if word.start() < at < word.end():
            return at - word.start(), word.end() - at
    return 0, 0
