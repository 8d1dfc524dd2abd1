"""Where a suite's answers come from: a file, a checkpoint here, or a server."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from redraft.errors import ConfigError
from redraft.evaluate.answer_lines import ANSWERS_FILE, AnswerLog, answers_digest, read_answers
from redraft.evaluate.answering import Answerer, ItemPictures, PictureReader, PolicyAnswerer, ask
from redraft.evaluate.suite import Suite

Dtype = Literal["float32", "bfloat16"]
"""What a checkpoint computes in."""


@dataclass(frozen=True)
class AnswerSource:
    """Exactly one of ``answers``, ``policy`` and ``endpoint`` (with ``model``); the latter two need ``images``.

    ``train`` names runs, datasets or image folders in which none of the suite's images should be.
    """

    answers: Path | None = None
    policy: str | None = None
    endpoint: str | None = None
    model: str | None = None
    images: Path | None = None
    max_new_tokens: int = 256
    batch_size: int = 8
    train: tuple[Path, ...] = ()
    dtype: Dtype = "float32"


@dataclass(frozen=True)
class Answers:
    """Texts by item id, a name for whoever wrote them, and what a reader of the result should know."""

    texts: Mapping[str, str]
    name: str
    notes: tuple[str, ...] = ()


def gather(
    suite: Suite,
    source: AnswerSource,
    out: Path | None,
    *,
    given: Mapping[str, str] | None = None,
    pictures: PictureReader | None = None,
) -> Answers:
    """The answers to score.

    Args:
        suite: what is asked.
        source: who answers.
        out: where answers are kept as they come.
        given: those of ``source.answers``, where the suite has read them itself.
        pictures: the items' images, where they are not in ``source.images``.

    Raises:
        ConfigError: not exactly one source, or options that belong to another.
        DataError: as ``read_answers`` and ``ask``.
        PolicyError: the policy cannot be loaded.
        ResourceError: ``out`` cannot be written, or the server does not answer.
    """
    _check(source, pictures is not None)
    notes = _leakage_notes(suite, source)
    if source.answers is not None:
        return _from_file(suite, source.answers, out, given, notes)
    return _asked(suite, source, out, notes, pictures)


def _check(source: AnswerSource, drawn: bool) -> None:
    if sum(one is not None for one in (source.answers, source.policy, source.endpoint)) != 1:
        raise ConfigError(
            "give the answers as --answers FILE.jsonl, or have them made by --policy CHECKPOINT or --endpoint URL"
        )
    if (source.model is None) != (source.endpoint is None):
        raise ConfigError("--endpoint URL and --model NAME belong together")
    if source.answers is None and source.images is None and not drawn:
        raise ConfigError("--policy and --endpoint need --images FOLDER, the pictures to ask about")
    if source.train and source.images is None:
        raise ConfigError("--train needs --images FOLDER, the pictures to look for in the training data")


def _from_file(
    suite: Suite, path: Path, out: Path | None, given: Mapping[str, str] | None, notes: Sequence[str]
) -> Answers:
    texts = given
    if texts is None:
        read = read_answers(path, suite.items())
        texts = read.texts
        if read.strangers:
            notes = (
                *notes,
                f"{read.strangers} answers in {path.name} are about no item of the suite and were left out",
            )
    if out is not None and path.resolve() != (out / ANSWERS_FILE).resolve():
        log = AnswerLog(out, answers_digest(texts), f"the file {path.name} ({answers_digest(texts)})")
        log.add({item: text for item, text in texts.items() if item not in log.texts})
    return Answers(texts, path.stem, tuple(notes))


def _asked(
    suite: Suite, source: AnswerSource, out: Path | None, notes: Sequence[str], pictures: PictureReader | None
) -> Answers:
    from redraft.evaluate.endpoint import KEY_VARIABLE, EndpointAnswerer

    items = suite.items()
    if pictures is None:
        assert source.images is not None
        pictures = ItemPictures(source.images, items)
    answerer: Answerer
    if source.policy is not None:
        name = source.policy
        answerer = PolicyAnswerer(name, max_new_tokens=source.max_new_tokens, dtype=source.dtype)
    else:
        assert source.endpoint is not None and source.model is not None
        key = os.environ.get(KEY_VARIABLE)
        answerer = EndpointAnswerer(source.endpoint, source.model, max_new_tokens=source.max_new_tokens, key=key)
        name = source.model
    with asking_bar() as bar:
        task = bar.add_task(f"asking {Path(name).name}", total=len(items))

        def show(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        texts = ask(answerer, items, pictures, batch_size=source.batch_size, out=out, progress=show)
    return Answers(texts, name, (*notes, f"answers by {answerer.says}"))


def asking_bar() -> Progress:
    """A progress bar on standard error, so that what is printed stays readable for programs."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=Console(stderr=True), transient=True)


def _leakage_notes(suite: Suite, source: AnswerSource) -> tuple[str, ...]:
    if not source.train:
        return ()
    from redraft.evaluate.leakage import find_leaks
    from redraft.evaluate.pictures_seen import folder_pictures, training_pictures

    assert source.images is not None
    names = sorted({item.image for item in suite.items()})
    held = folder_pictures(source.images, names)
    return (find_leaks(chain.from_iterable(map(training_pictures, source.train)), held).sentence(),)
