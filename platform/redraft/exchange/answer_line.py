"""One answer as a line of JSON: what goes out with ``jsonl``, and the least that may come in."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ConfigDict, Field, ValidationError

from redraft.errors import DataError
from redraft.records import Answer, Arm, Edit, Mark, Record
from redraft.segments import apply_edits
from redraft.sources.texts import plain_text

_NAMES = 64
_ALL_MARKS = 10_000


class AnswerLine(Record):
    """An answer with the text it is about; keys that are not listed here are passed over.

    ``rejected`` is what the policy wrote and ``chosen`` what the edits make of it, so a corrected answer reads as a
    preference pair, too. ``image`` is a path beside the file. Nothing has to be there but ``prompt``, ``rejected``,
    ``image``, and one of ``chosen`` and ``edits``.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="constants")

    prompt: str
    rejected: str
    chosen: str | None = None
    image: str = ""
    answer: Answer = Answer.CORRECTED
    edits: tuple[Edit, ...] | None = None
    marks: tuple[Mark, ...] = Field(default=(), max_length=_ALL_MARKS)
    annotator: str | None = Field(default=None, min_length=1, max_length=_NAMES)
    policy: str | None = Field(default=None, min_length=1, max_length=200)
    id: str | None = None
    task: str | None = Field(default=None, min_length=1, max_length=200)
    project: str | None = None
    round: int | None = None
    arm: Arm = Arm.UNCERTAIN
    seconds: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    elapsed: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    shaded: bool = True
    reason: str = Field(default="", max_length=2000)
    revision: int = Field(default=0, ge=0, lt=2**31)
    review: bool = False
    gold: bool = False
    standing: bool = True
    submitted_at: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    image_id: str | None = None
    image_sha256: str | None = None
    image_origin: str | None = Field(default=None, max_length=4096)


def parse_line(cells: Mapping[str, object]) -> AnswerLine:
    """The line that some JSON stands for; its edits, if it has any, give ``chosen``.

    Raises:
        DataError: something is missing, of another kind, or does not fit together.
    """
    try:
        line = AnswerLine.model_validate(dict(cells))
    except ValidationError as e:
        raise DataError(_first(e)) from e
    for what in ("prompt", "rejected"):
        plain_text(getattr(line, what), what)
    for name in (line.annotator, line.policy, line.task):
        if name is not None and (not name.isprintable() or name != name.strip()):
            raise DataError(f"{name[:40]!r} is no name: it has signs that do not print, or spaces at its ends")
    for what in ("reason", "image_origin"):
        if getattr(line, what):
            plain_text(getattr(line, what), what)
    _check_marks(line)
    if line.answer is not Answer.CORRECTED:
        return _unchanged(line)
    return _corrected(line)


def _corrected(line: AnswerLine) -> AnswerLine:
    if line.edits is None:
        plain_text(line.chosen, "chosen")
    else:
        given = apply_edits(line.rejected, line.edits)
        if line.chosen is not None and line.chosen != given:
            raise DataError("the edits do not give chosen: leave one of the two out")
        plain_text(given, "the corrected text")
        line = line.model_copy(update={"chosen": given})
    if line.chosen == line.rejected:
        raise DataError("chosen and rejected are the same text, so nothing was corrected")
    return line


def _unchanged(line: AnswerLine) -> AnswerLine:
    if line.edits or line.chosen not in (None, line.rejected):
        raise DataError(f"an answer of {line.answer} changes nothing, and this one does")
    return line.model_copy(update={"chosen": line.rejected, "edits": ()})


def _check_marks(line: AnswerLine) -> None:
    for mark in line.marks:
        if mark.span.end > len(line.rejected):
            raise DataError(f"a mark ends at {mark.span.end}, behind the end of rejected at {len(line.rejected)}")


def _first(error: ValidationError) -> str:
    found = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in found["loc"])
    said = found["msg"].removeprefix("Value error, ")
    return f"{where or 'the line'}: {said[:1].lower()}{said[1:]}"
