"""What the routing study compares, as a checked tree."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from redraft.config import ObjectiveConfig, RouteConfig, TrainConfig, UncertaintyConfig
from redraft.config.routing import Strategy
from redraft.config.section import Section
from redraft.records import Record, stable_id
from redraft.scaling.config import load_section


class RoutingStudyConfig(Section):
    """A study. ``redraft study routing FILE`` runs it.

    In every round each walk samples fresh pictures from the policy that it has come to, spends the same number of
    tasks, and trains the base anew on all its corrections so far.
    """

    name: str = Field("routing", pattern=r"[A-Za-z0-9][A-Za-z0-9._-]*")
    title: str = "What routing is worth"
    bases: tuple[str, ...] = Field(("builtin:tiny",), min_length=1, description="policies to start from")
    seeds: tuple[int, ...] = Field((0, 1, 2), min_length=1)
    strategies: tuple[Strategy, ...] = Field(("random", "uncertainty", "probe", "probe+diversity"), min_length=1)
    rounds: int = Field(8, ge=1)
    route: RouteConfig = Field(default_factory=lambda: RouteConfig(budget=60), description="budget and random arm")
    uncertainty: UncertaintyConfig = Field(default_factory=lambda: UncertaintyConfig())
    pictures: int = Field(300, ge=1, description="fresh ones sampled a round, that the tasks are chosen from")
    k: int = Field(4, ge=1, description="samples a picture; the first is routed, all measure disagreement")
    temperature: float = Field(0.9, gt=0)
    epochs: float = Field(3.0, gt=0, description="passes over the corrections so far")
    max_steps: int = Field(300, ge=1)
    batch_size: int = Field(16, ge=1)
    warmup_share: float = Field(0.1, ge=0, lt=1)
    objective: ObjectiveConfig = Field(default_factory=lambda: ObjectiveConfig(preset="paper"))
    learning_rate: float = Field(1e-4, gt=0)
    test_images: int = Field(1000, ge=10)
    world_seed: int = Field(3, ge=0, description="of the pictures, in every split")
    bootstrap: int = Field(2000, ge=100)
    targets: tuple[float, ...] = Field(
        (0.25, 0.2), min_length=1, description="response-level rates that labels-to-target asks for, the main one first"
    )

    @model_validator(mode="after")
    def _can_be_compared(self) -> Self:
        if len(set(self.strategies)) < len(self.strategies):
            raise ValueError("strategies has one twice: name each once")
        if self.pictures < self.route.budget:
            raise ValueError(f"pictures {self.pictures} cannot fill route.budget {self.route.budget}: raise pictures")
        return self

    def steps(self, corrections: int) -> int:
        """Optimiser steps on so many corrections."""
        return max(1, min(self.max_steps, round(self.epochs * corrections / self.batch_size)))

    def train(self, corrections: int) -> TrainConfig:
        """How a policy is trained on so many corrections."""
        return TrainConfig(
            objective=self.objective,
            workers=1,
            batch_size=self.batch_size,
            micro_batch=self.batch_size,
            steps=self.steps(corrections),
            learning_rate=self.learning_rate,
            warmup_share=self.warmup_share,
        )

    def quick(self) -> RoutingStudyConfig:
        """The same question asked in minutes: one base, one seed, three rounds, random beside the last strategy."""
        return self.model_copy(
            update={
                "bases": self.bases[:1],
                "seeds": self.seeds[:1],
                "strategies": tuple(dict.fromkeys((self.strategies[0], self.strategies[-1]))),
                "rounds": min(3, self.rounds),
                "test_images": min(400, self.test_images),
            }
        )


class Walk(Record):
    """One way through the study's rounds."""

    base: str
    strategy: Strategy
    seed: int

    def id(self, config: RoutingStudyConfig) -> str:
        """Changes with whatever could change the result, and with nothing else."""
        others = dict.fromkeys(("name", "title", "bases", "seeds", "strategies", "bootstrap", "targets"), True)
        settings = config.model_dump_json(exclude={**others, "route": {"strategy", "stale"}})
        return stable_id("walk", self.model_dump_json(), settings)


def walks(config: RoutingStudyConfig) -> list[Walk]:
    """Seed by seed, so that a study that is stopped early compares whole sets of strategies."""
    return [
        Walk(base=base, strategy=strategy, seed=seed)
        for seed, base, strategy in product(config.seeds, config.bases, config.strategies)
    ]


def load_routing_study(path: Path, sets: list[str]) -> RoutingStudyConfig:
    """Read a study, apply ``a.b=c`` overrides, and check the whole.

    Raises:
        ConfigError: naming the key that is wrong.
    """
    return load_section(RoutingStudyConfig, path, sets)
