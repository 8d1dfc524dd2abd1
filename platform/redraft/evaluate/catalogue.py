"""Every suite there is: what it measures, where its data come from, and how its figures follow from stored columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from redraft.errors import DataError
from redraft.evaluate.suite import FigureSpec

Specs = tuple[FigureSpec, ...]


@dataclass(frozen=True)
class Listed:
    """A suite, by the name that its results and its command have; ``specs`` are all figures of all its variants."""

    name: str
    measures: str
    data: str
    specs: Callable[[], Specs]

    def figures(self, names: Sequence[str]) -> Specs:
        """How figures of these names are computed, in this order.

        Raises:
            DataError: the suite has no such figure.
        """
        known = {spec.name: spec for spec in self.specs()}
        if lacking := [name for name in names if name not in known]:
            raise DataError(f"{self.name} has no figure {lacking[0]!r}, so another version wrote this result: redo it")
        return tuple(known[name] for name in names)


def _objhal() -> Specs:
    from redraft.evaluate.objhal.suite import FIGURES, UNPARSABLE

    return (*FIGURES, UNPARSABLE)


def _mmhal() -> Specs:
    from redraft.evaluate.judging.mmhal import FIGURES

    return FIGURES


def _llava_bench() -> Specs:
    from redraft.evaluate.judging.llava_bench import FIGURES

    return FIGURES


def _pope() -> Specs:
    from redraft.evaluate.probing.pope import Pope

    return Pope.figures


def _amber() -> Specs:
    from redraft.evaluate.probing.amber import FIGURES

    return FIGURES


def _vqav2() -> Specs:
    from redraft.evaluate.probing.vqav2 import VqaV2

    return VqaV2.figures


def _world() -> Specs:
    from redraft.evaluate.world_suite import FIGURES

    return FIGURES


SUITES = (
    Listed(
        "objhal",
        "objects in descriptions that the image does not hold: of responses, of mentions; recall, length",
        "COCO annotations (cocodataset.org): instances_val2014.json, captions_val2014.json, images val2014",
        _objhal,
    ),
    Listed(
        "mmhal",
        "a judge's ratings of answers to 96 hard questions, and the share that hallucinates",
        "MMHal-Bench (Shengcao1006/MMHal-Bench on huggingface.co): response_template.json and images",
        _mmhal,
    ),
    Listed(
        "llava-bench",
        "how helpful answers are, as a judge scores them beside reference answers",
        "LLaVA-Bench in the wild (liuhaotian/llava-bench-in-the-wild on huggingface.co)",
        _llava_bench,
    ),
    Listed(
        "pope",
        "yes or no: is an object in the image; with random, popular and likely absent objects",
        "github.com/RUCAIBox/POPE, output/coco: coco_pope_SETTING.json; images: COCO val2014",
        _pope,
    ),
    Listed(
        "amber",
        "wrong nouns in descriptions, coverage, and yes-or-no questions on existence, attributes, relations",
        "github.com/junyangwang0410/AMBER: its folder data, and its images",
        _amber,
    ),
    Listed(
        "vqav2",
        "short answers against those of ten people, with the official normalisation",
        "visualqa.org/download.html: questions and annotations of val2014; images: COCO val2014",
        _vqav2,
    ),
    Listed(
        "world",
        "wrong descriptions and mentions, recall and length on the embedded picture world, by exact truth",
        "none: the pictures are drawn",
        _world,
    ),
)


def listed(name: str) -> Listed:
    """The suite of that name.

    Raises:
        DataError: there is none.
    """
    for suite in SUITES:
        if suite.name == name:
            return suite
    raise DataError(f"no suite is called {name[:60]!r}: there are {', '.join(suite.name for suite in SUITES)}")
