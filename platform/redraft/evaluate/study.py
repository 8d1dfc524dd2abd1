"""What people judge blind: the same pictures for every policy, their texts mixed, each text judged once.

    outcomes of each policy ──► plan_study ──► Study: one item a picture, prompt and text

A text that several policies wrote about a picture is one item, and counts for each of them.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence

from redraft.blobs import Blobs
from redraft.errors import DataError
from redraft.evaluate.metrics import descriptions
from redraft.quality.segments_found import JUDGED, by_task
from redraft.records import Correction, Outcome, Record, Split, stable_id


class StudyItem(Record):
    """One text to be judged, and the policies that wrote it; ``task`` is the id of its task."""

    task: str
    image_id: str
    prompt: str
    text: str
    policies: tuple[str, ...]


class Study(Record):
    """What is judged, in the order in which it is handed out; ``overlap`` people judge each item."""

    project: str
    split: Split
    policies: tuple[str, ...]
    seed: int
    overlap: int
    items: tuple[StudyItem, ...]

    @property
    def images(self) -> tuple[str, ...]:
        """The ids of its pictures, sorted."""
        return tuple(sorted({item.image_id for item in self.items}))


def plan_study(
    project: str, split: Split, answers: Mapping[str, Iterable[Outcome]], *, images: int, seed: int, overlap: int
) -> Study:
    """Draw pictures that every policy has described, and mix the texts about them.

    Args:
        project: id of the project that will hold the tasks.
        split: where the pictures come from.
        answers: outcomes by policy version.
        images: how many pictures to draw.
        seed: with ``project``, all that the pictures and their order depend on.
        overlap: how many people judge each text.

    Raises:
        DataError: fewer pictures than that were described by every policy.
    """
    told = {policy: {(o.image_id, o.prompt): o.text for o in descriptions(found)} for policy, found in answers.items()}
    shared = set.intersection(*(set(texts) for texts in told.values())) if told else set()
    pictures = sorted({image for image, _ in shared})
    if len(pictures) < images:
        raise DataError(
            f"{len(pictures)} pictures of the {split} split were described by every one of the policies, fewer than "
            f"{images}: ask for fewer images"
        )
    rng = random.Random(f"study:{project}:{seed}")
    drawn = set(rng.sample(pictures, images))
    writers: dict[tuple[str, str, str], list[str]] = {}
    for image, prompt in sorted(key for key in shared if key[0] in drawn):
        for policy, texts in told.items():
            writers.setdefault((image, prompt, texts[image, prompt]), []).append(policy)
    items = [_item(project, *text, tuple(policies)) for text, policies in writers.items()]
    rng.shuffle(items)
    return Study(project=project, split=split, policies=tuple(told), seed=seed, overlap=overlap, items=tuple(items))


def judgements(answers: Iterable[Correction]) -> dict[str, list[Correction]]:
    """What counts of each task's answers: the review alone where there is one, else everybody's that says anything."""
    saying = [answer for answer in answers if answer.current and answer.answer in JUDGED]
    reviews = by_task(answer for answer in saying if answer.review)
    return by_task(answer for answer in saying if not answer.review) | reviews


def unjudged(study: Study, answers: Iterable[Correction]) -> list[StudyItem]:
    """The items that fewer people have judged than wanted, and no reviewer has."""
    given = judgements(answers)
    return [item for item in study.items if not _enough(given.get(item.task, ()), study.overlap)]


def study_key(project: str) -> str:
    """Where a project's study is kept in the blob store, as JSON."""
    return f"studies/{project}.json"


def read_study(blobs: Blobs, project: str) -> Study | None:
    """The study that a project was started for; None if it was not."""
    key = study_key(project)
    return Study.model_validate_json(blobs.get(key)) if blobs.exists(key) else None


def _enough(given: Sequence[Correction], overlap: int) -> bool:
    return len(given) >= overlap or any(answer.review for answer in given)


def _item(project: str, image: str, prompt: str, text: str, policies: tuple[str, ...]) -> StudyItem:
    task = stable_id("study task", project, image, prompt, text)
    return StudyItem(task=task, image_id=image, prompt=prompt, text=text, policies=policies)
