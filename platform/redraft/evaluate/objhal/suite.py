"""Object HalBench: objects in descriptions of COCO images that are not there (Rohrbach et al., 2018; RLHF-V, 2024).

    answer ─► objects mentioned ─┬─► response rate   responses with one that is not there / responses with any
    boxes + captions ─► present ─┤   mention rate    mentions of what is not there / mentions
                                 └─► recall          classes there and mentioned / classes there, summed over responses

Objects are found in two ways that are never mixed, as the variant says: ``lexical`` counts every token of the word
list, ``extracted`` each word once an answer, of those that a judge lists.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path

from redraft.errors import ConfigError
from redraft.evaluate.coco import CocoData, read_coco
from redraft.evaluate.objhal.answers import item_about
from redraft.evaluate.objhal.extraction import PROMPT_VERSION, Extractor
from redraft.evaluate.objhal.matching import Mention, mentions
from redraft.evaluate.objhal.overgeneral import SceneAnswer
from redraft.evaluate.objhal.reading import COLUMNS, AnswerObjects
from redraft.evaluate.objhal.scenes import scenes_of
from redraft.evaluate.objhal.truth import GroundTruth
from redraft.evaluate.objhal.vocabulary import lines_of
from redraft.evaluate.suite import FigureSpec, ItemScore, SuiteItem, ratio
from redraft.records import JudgeUse, Source

FIGURES = (
    FigureSpec(
        "response_rate", ("wrong", "named"), ratio, says="responses with an object that is not there / with any object"
    ),
    FigureSpec("mention_rate", ("hallucinated", "mentions"), ratio, says="mentions of what is not there / mentions"),
    FigureSpec(
        "recall",
        ("found", "present"),
        ratio,
        better="higher",
        says="classes there and mentioned / classes there, over all responses",
    ),
    FigureSpec("mean_words", ("words", "responses"), ratio, unit="count", better="neither", says="words / responses"),
)
UNPARSABLE = FigureSpec(
    "unparsable",
    ("unparsable", "responses"),
    ratio,
    says="responses whose objects the judge did not list, as naming none",
)


def published_prompts() -> tuple[str, ...]:
    """The eight prompts of RLHF-V's Object HalBench (table 6)."""
    return tuple(lines_of("prompts.txt"))


class ObjHal:
    """Prompts about images whose objects are known."""

    def __init__(self, truth: GroundTruth, asked: Sequence[SuiteItem], extractor: Extractor | None = None) -> None:
        """``asked`` are about images of ``truth``; without an extractor objects are found by the word list."""
        self.name = "objhal"
        self.variant = "lexical" if extractor is None else f"extracted {PROMPT_VERSION} by {extractor.judge.label}"
        self.columns = COLUMNS
        self.figures = FIGURES if extractor is None else (*FIGURES, UNPARSABLE)
        self.truth = truth
        self._items = tuple(asked)
        self._extractor = extractor
        self._read: list[AnswerObjects] = []

    @classmethod
    def load(
        cls,
        instances: Path,
        captions: Path,
        *,
        images: int | None = None,
        prompts: int = 1,
        seed: int = 0,
        extractor: Extractor | None = None,
    ) -> ObjHal:
        """The published prompts about images of COCO-format files.

        Args:
            instances: boxes, as ``instances_val2014.json``.
            captions: reference captions, as ``captions_val2014.json``.
            images: how many to draw; None takes all. The paper draws 300 of COCO's validation set.
            prompts: how many of the eight each image is asked, 1 to 8, beginning with another one each time.
            seed: of the draw.
            extractor: lists objects in place of the word list.

        Raises:
            ConfigError: more images than there are.
            DataError: a file is missing or malformed.
        """
        data = read_coco(instances, captions)
        return cls(GroundTruth(data), _published_items(data, images, prompts, seed), extractor)

    def items(self) -> Sequence[SuiteItem]:
        """In the files' order, or that of the answers."""
        return self._items

    def score(self, answers: Mapping[str, str]) -> list[ItemScore]:
        """A row an answer; published prompts are groups of their own.

        Raises:
            ResourceError: the judge that lists objects cannot be asked.
        """
        asked = [item for item in self._items if item.id in answers]
        texts = [answers[item.id] for item in asked]
        if self._extractor is None:
            found: Sequence[tuple[Mention, ...] | None] = [mentions(text) for text in texts]
        else:
            found = self._extractor.objects([(item.prompt, answers[item.id]) for item in asked])
        self._read = [
            AnswerObjects(item, text, objects, self._present(item))
            for item, text, objects in zip(asked, texts, found, strict=True)
        ]
        published = set(published_prompts())
        return [
            ItemScore(read.item.id, read.item.image_id, _group(read.item.prompt, published), read.values)
            for read in self._read
        ]

    def sources(self) -> tuple[Source, ...]:
        """Instances and captions."""
        return self.truth.data.files

    def judge_use(self) -> JudgeUse | None:
        """None for the lexical variant."""
        return None if self._extractor is None else self._extractor.use()

    def read(self) -> Sequence[AnswerObjects]:
        """What the last `score` found in each answer."""
        return self._read

    def notes(self) -> tuple[str, ...]:
        """What a reader of a result should know of the annotations."""
        images = self.truth.data.images
        return self.truth.notes(images[key] for key in dict.fromkeys(item.image_id for item in self._items))

    def in_scenes(self) -> list[SceneAnswer]:
        """The same answers, with the scenes of their images."""
        images = self.truth.data.images
        return [
            SceneAnswer(read.item.image_id, scenes_of(images[read.item.image_id]), read.objects, read.hallucinated)
            for read in self._read
        ]

    def _present(self, item: SuiteItem) -> frozenset[str]:
        return self.truth.of(self.truth.data.images[item.image_id])


def _published_items(data: CocoData, images: int | None, prompts: int, seed: int) -> list[SuiteItem]:
    chosen = list(data.images.values())
    if images is not None:
        if images > len(chosen):
            raise ConfigError(
                f"{images} images were asked for, and {data.files[0].name} is about {len(chosen)}: ask fewer"
            )
        drawn = sorted(random.Random(f"objhal:{seed}").sample(range(len(chosen)), images))
        chosen = [chosen[place] for place in drawn]
    all_prompts = published_prompts()
    return [
        item_about(image, all_prompts[(place + turn) % len(all_prompts)])
        for place, image in enumerate(chosen)
        for turn in range(prompts)
    ]


def _group(prompt: str, published: set[str]) -> str:
    return prompt if prompt in published else "other prompts"
