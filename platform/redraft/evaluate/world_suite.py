"""The picture world as a suite: descriptions of a held-out split, judged by the exact truth of each picture."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from redraft import world
from redraft.evaluate.metrics import descriptions
from redraft.evaluate.suite import FigureSpec, ItemScore, SuiteItem, ratio
from redraft.records import JudgeUse, Outcome, Source, Split

COLUMNS = ("responses", "wrong", "mentions", "errors", "present", "found", "words")

FIGURES = (
    FigureSpec("response_rate", ("wrong", "responses"), ratio, says="descriptions with an error, of all"),
    FigureSpec("mention_rate", ("errors", "mentions"), ratio, says="wrong mentions, of all"),
    FigureSpec("recall", ("found", "present"), ratio, better="higher", says="objects named, of those in the picture"),
    FigureSpec("mean_words", ("words", "responses"), ratio, unit="count", better="neither", says="words a description"),
)


def score_of(item: str, outcome: Outcome) -> ItemScore:
    """A judged description as sums, grouped by its setting."""
    values = (1, outcome.errors > 0, outcome.mentions, outcome.errors, outcome.present, outcome.found, outcome.words)
    return ItemScore(item, outcome.image_id, outcome.scene, tuple(float(value) for value in values))


def scores_of(outcomes: Sequence[Outcome]) -> tuple[ItemScore, ...]:
    """The descriptions among outcomes, as a run's evaluation keeps them."""
    return tuple(score_of(f"{o.image_id} {o.prompt}", o) for o in descriptions(outcomes))


@dataclass(frozen=True)
class WorldSuite:
    """Descriptions of the first ``images`` pictures of a split; ``variant`` is the split."""

    split: Split
    images: int
    seed: int = 0
    name: str = "world"
    columns: tuple[str, ...] = COLUMNS
    figures: tuple[FigureSpec, ...] = FIGURES

    @property
    def variant(self) -> str:
        """The split."""
        return self.split.value

    def items(self) -> Sequence[SuiteItem]:
        """One description a picture, which is called by its origin."""
        origins = [world.origin(self.seed, self.split, index) for index in range(self.images)]
        return [SuiteItem(id=one, image_id=one, image=one, prompt=world.DESCRIBE) for one in origins]

    def score(self, answers: Mapping[str, str]) -> list[ItemScore]:
        """Descriptions held against the truth."""
        return [
            score_of(item.id, world.outcome(item.image_id, world.scene_of(item.image), item.prompt, answers[item.id]))
            for item in self.items()
            if item.id in answers
        ]

    def sources(self) -> tuple[Source, ...]:
        """The scenes; their hash changes when the world is changed."""
        digest = hashlib.sha256()
        for index in range(self.images):
            digest.update(world.scene_at(self.seed, self.split, index).model_dump_json().encode())
        last = world.origin(self.seed, self.split, self.images - 1)
        return (Source(role="scenes", name=f"all to {last}", sha256=digest.hexdigest()),)

    def judge_use(self) -> JudgeUse | None:
        """None: the truth is known."""
        return None


class WorldPictures:
    """Draws the pictures that items name by their origins."""

    def read(self, name: str) -> bytes:
        """A PNG.

        Raises:
            DataError: ``name`` is no origin.
        """
        buffer = io.BytesIO()
        world.render(world.scene_of(name)).save(buffer, "PNG", compress_level=1)
        return buffer.getvalue()
