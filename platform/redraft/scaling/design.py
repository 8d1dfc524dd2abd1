"""What a study compares, as a checked tree, and the grid of cells that follows from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Literal, Self

from pydantic import Field, model_validator

from redraft.config import ObjectiveConfig
from redraft.config.section import Section
from redraft.records import Record, Split, stable_id
from redraft.world import Form

Schedule = Literal["steps", "epochs"]
Labels = Literal["corrections", "rankings"]


class Annotators(Section):
    """Who labels: an oracle that can be made lazy, blind or wrong."""

    fixes: int | None = Field(None, ge=1, description="segments mended in a text at most; the rest stays wrong")
    additions: bool = Field(True, description="whether what a text leaves out is put in")
    overlooks: float = Field(0.0, ge=0, le=1, description="chance of overlooking each wrong segment")
    mistakes: float = Field(0.0, ge=0, le=1, description="chance that a text gets a right phrase made wrong, too")
    careless_share: float = Field(
        1.0,
        ge=0,
        le=1,
        description="share of texts that fall to annotators who overlook and mistake; the rest is exact",
    )


class Recipe(Section):
    """What the search may choose; unset values are the arm's own."""

    learning_rate: float = Field(gt=0)
    beta: float | None = Field(None, gt=0)
    normalise: bool | None = None


class Arm(Section):
    """One line of the plot: a kind of label and what is learnt from it."""

    labels: Labels = "corrections"
    noise: float | None = Field(
        None, gt=0, description="rankings: P(right way round) = sigmoid(noise x difference in errors); unset: always"
    )
    objective: ObjectiveConfig = Field(default_factory=lambda: ObjectiveConfig(preset="paper"))
    warmup_on_policy: float = Field(0.0, ge=0, lt=1, description="share of the steps that is supervised, on both texts")
    smooth: bool = Field(False, description="label smoothing of each pair by its annotator's true rate of mistakes")
    recipe: Recipe | None = Field(None, description="fixed, instead of searched for")
    multiples: tuple[int, ...] = Field((), description="further sizes, as multiples of the largest")


class SearchConfig(Section):
    """How each arm's recipe is chosen: the same number of candidates for all, on the development split."""

    size: int = Field(400, ge=1, description="labels of a trial")
    images: int = Field(400, ge=10, description="development pictures of a trial")
    seed: int = 100
    candidates: tuple[Recipe, ...] = ()
    supervised: tuple[Recipe, ...] = Field((), description="candidates of arms without a preference term")

    @model_validator(mode="after")
    def _same_budget(self) -> Self:
        if self.supervised and len(self.supervised) != len(self.candidates):
            raise ValueError(
                f"search.supervised has {len(self.supervised)} candidates, search.candidates {len(self.candidates)}: "
                "every arm gets the same budget"
            )
        return self


class StudyConfig(Section):
    """A study. ``redraft study scaling FILE`` runs it."""

    name: str = Field("scaling", pattern=r"[A-Za-z0-9][A-Za-z0-9._-]*")
    title: str = "How hallucination falls with labels"
    bases: tuple[str, ...] = Field(("builtin:tiny",), min_length=1, description="policies to start from")
    seeds: tuple[int, ...] = Field((0, 1, 2), min_length=1)
    sizes: tuple[int, ...] = Field((50, 100, 200, 400, 800, 1400), min_length=1)
    arms: dict[str, Arm] = Field(min_length=1)
    conditions: dict[str, Annotators] = Field(default_factory=lambda: {"full": Annotators()}, min_length=1)
    rounds: tuple[int, ...] = Field((1,), min_length=1, description="1: all labels at once; n: n rounds, on-policy")
    round_decay: float = Field(0.6, gt=0, le=1, description="peak of each further round, as a share of the one before")
    schedules: tuple[Schedule, ...] = ("steps", "epochs")
    steps: int = Field(75, ge=1, description="of every cell under the schedule `steps`")
    epochs: float = Field(3.0, gt=0, description="of every cell under the schedule `epochs`")
    max_steps: int = Field(
        300, ge=1, description="no cell trains longer, whatever its epochs, unless to see every label once"
    )
    batch_size: int = Field(16, ge=1)
    warmup_share: float = Field(0.1, ge=0, lt=1)
    test_images: int = Field(1000, ge=10)
    world_seed: int = Field(3, ge=0, description="of the pictures, in every split")
    form: Form = Field("short", description="of the descriptions: long ones end in a recap, short ones do not")
    temperature: float = Field(0.9, gt=0)
    items: int = Field(6000, ge=10, description="pictures with two samples each, drawn once a base")
    bootstrap: int = Field(2000, ge=100)
    target: float = Field(0.2, gt=0, lt=1, description="response-level rate that labels-to-target asks for")
    reference_arm: str | None = Field(None, description="arm that the others are compared with; default: the first")
    search: SearchConfig | None = None

    @model_validator(mode="after")
    def _every_arm_has_a_recipe(self) -> Self:
        for name, arm in self.arms.items():
            if arm.recipe is None and self.search is None:
                raise ValueError(f"arms.{name} has no recipe, and there is no search to find one: set one of the two")
            if arm.multiples and arm.labels != "rankings":
                raise ValueError(f"arms.{name}: multiples are for rankings alone")
        if self.reference_arm is not None and self.reference_arm not in self.arms:
            raise ValueError(f"reference_arm {self.reference_arm} is none of the arms {', '.join(self.arms)}")
        return self

    def quick(self) -> StudyConfig:
        """The same question asked in minutes: fewer bases, seeds, sizes and steps, and every third candidate."""
        search = self.search
        if search is not None:
            search = search.model_copy(
                update={
                    "size": 200,
                    "candidates": search.candidates[1::3] or search.candidates,
                    "supervised": search.supervised[1::3] or search.supervised,
                }
            )
        return self.model_copy(
            update={
                "bases": self.bases[:1],
                "seeds": self.seeds[:2],
                "sizes": tuple(size for size in self.sizes if size <= 800)[::2] or self.sizes[:1],
                "arms": {name: arm.model_copy(update={"multiples": ()}) for name, arm in self.arms.items()},
                "schedules": self.schedules[:1],
                "steps": min(40, self.steps),
                "items": min(3000, self.items),
                "search": search,
            }
        )

    def reference(self) -> str:
        """The arm that the others are compared with."""
        return self.reference_arm or next(iter(self.arms))


class Cell(Record):
    """One point of one line: everything that its result depends on, beside the study's own settings.

    ``labels`` is 0 for the untrained base, which has no recipe and belongs to no arm.
    """

    base: str
    arm: str = ""
    condition: str = ""
    schedule: Schedule = "steps"
    rounds: int = 1
    labels: int = 0
    seed: int = 0
    recipe: Recipe | None = None
    split: Split = Split.TEST
    images: int

    def id(self, config: StudyConfig) -> str:
        """Changes with whatever could change the result, and with nothing else."""
        shaping = {"steps", "epochs", "max_steps", "batch_size", "warmup_share", "world_seed", "temperature", "items"}
        if config.form != "short":
            shaping.add("form")
        if self.rounds > 1 and config.round_decay != StudyConfig.model_fields["round_decay"].default:
            shaping.add("round_decay")
        settings = config.model_dump_json(include=shaping)
        arm = config.arms[self.arm].model_dump_json(exclude={"recipe", "multiples"}) if self.arm else ""
        annotators = config.conditions[self.condition].model_dump_json() if self.condition else ""
        return stable_id("cell", self.model_dump_json(), settings, arm, annotators)


def trials(config: StudyConfig) -> list[Cell]:
    """The search: the base itself, and for every arm without a recipe each candidate once, on the first base."""
    search = config.search
    if search is None:
        return []
    base = Cell(base=config.bases[0], split=Split.DEV, images=search.images)
    return [
        base,
        *(
            base.model_copy(
                update={
                    "arm": name,
                    "condition": next(iter(config.conditions)),
                    "schedule": config.schedules[0],
                    "labels": search.size,
                    "seed": search.seed,
                    "recipe": recipe,
                }
            )
            for name, arm in config.arms.items()
            if arm.recipe is None
            for recipe in candidates(config, arm)
        ),
    ]


def candidates(config: StudyConfig, arm: Arm) -> tuple[Recipe, ...]:
    """What the search tries for an arm."""
    assert config.search is not None
    alone = arm.objective.preference == 0
    return config.search.supervised if alone and config.search.supervised else config.search.candidates


def grid(config: StudyConfig, chosen: Mapping[str, Recipe]) -> list[Cell]:
    """Every cell of the study, bases first, then seed by seed, so that a study that is stopped early has whole curves.

    Cells of one base follow each other, so that a worker seldom has to load another.

    Args:
        chosen: the recipe of each arm without one of its own.
    """
    bases = [Cell(base=base, images=config.test_images) for base in config.bases]
    cells = [cell for name in config.arms for cell in _cells_of(config, name, chosen)]
    beyond = max(config.sizes)

    def order(cell: Cell) -> tuple[bool, int, int, int, int]:
        schedule, base = config.schedules.index(cell.schedule), config.bases.index(cell.base)
        return cell.labels > beyond, cell.seed, schedule, base, cell.labels

    return [*bases, *sorted(cells, key=order)]


def steps_of(config: StudyConfig, schedule: Schedule, labels: int) -> int:
    """Optimiser steps for that many pairs; by epochs, every pair is seen at least once, whatever ``max_steps`` says."""
    if schedule == "steps":
        return min(config.steps, config.max_steps)
    once = -(-labels // config.batch_size)
    return max(once, min(config.max_steps, round(config.epochs * labels / config.batch_size)))


def _cells_of(config: StudyConfig, name: str, chosen: Mapping[str, Recipe]) -> Iterator[Cell]:
    arm = config.arms[name]
    for base, condition, schedule in product(config.bases, config.conditions, config.schedules):
        for rounds in config.rounds if arm.labels == "corrections" else (1,):
            for labels, seed in product(_sizes(config, arm, schedule), config.seeds):
                yield Cell(
                    base=base,
                    arm=name,
                    condition=condition,
                    schedule=schedule,
                    rounds=rounds,
                    labels=labels,
                    seed=seed,
                    recipe=arm.recipe or chosen[name],
                    images=config.test_images,
                )


def _sizes(config: StudyConfig, arm: Arm, schedule: Schedule) -> list[int]:
    """Beyond the largest size only where more labels mean more steps: a fixed number would never see them."""
    further = [max(config.sizes) * times for times in arm.multiples] if schedule == "epochs" else []
    return sorted({*config.sizes, *further})
