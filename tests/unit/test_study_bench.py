"""One cell of a study, trained for real."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch

from redraft.config import ObjectiveConfig
from redraft.policy import EncodedPrompt, Policy, encode_prompts
from redraft.records import Split
from redraft.scaling import bench as benches
from redraft.scaling import items
from redraft.scaling.bench import Bench
from redraft.scaling.design import Arm, Cell, Recipe, StudyConfig, grid
from redraft.scaling.items import draw_samples, origins
from redraft.scaling.labels import Sampled
from redraft.world import DESCRIBE_LONG, scene_of, true_description

RECIPE = Recipe(learning_rate=2e-4)
CONFIG = StudyConfig(
    sizes=(8,),
    rounds=(1, 2),
    seeds=(0,),
    schedules=("steps",),
    steps=4,
    batch_size=4,
    items=24,
    test_images=12,
    arms={
        "ddpo": Arm(recipe=RECIPE),
        "rankings": Arm(labels="rankings", recipe=RECIPE),
        "supervised": Arm(objective=ObjectiveConfig(preference=0, supervised=1), recipe=RECIPE),
    },
)


@pytest.fixture(scope="module")
def bench() -> Bench:
    torch.set_num_threads(1)

    def sampled() -> Sequence[Sampled]:
        names = origins(CONFIG.world_seed, Split.POOL, 0, CONFIG.items)
        return draw_samples(made.workshop.untrained(), names, temperature=0.9, form="short")

    made = Bench("builtin:tiny", CONFIG, sampled)
    return made


def test_every_cell_begins_from_the_base_and_is_the_same_again(bench: Bench) -> None:
    base, *cells = grid(CONFIG, {})
    untrained = bench.run(base)
    assert (untrained.steps, untrained.chosen_change) == (0, None)
    first = {(cell.arm, cell.rounds): bench.run(cell) for cell in cells}
    assert set(first) == {("ddpo", 1), ("ddpo", 2), ("rankings", 1), ("supervised", 1), ("supervised", 2)}
    assert bench.run(base).words == untrained.words
    again = bench.run(cells[0])
    assert again.model_copy(update={"train_seconds": 0, "seconds": 0}) == first[
        cells[0].arm, cells[0].rounds
    ].model_copy(update={"train_seconds": 0, "seconds": 0})


def test_training_moves_the_policy_towards_the_labels(bench: Bench) -> None:
    for arm in ("ddpo", "supervised"):
        cell = Cell(base="builtin:tiny", arm=arm, condition="full", labels=8, recipe=RECIPE, images=12)
        found = bench.run(cell)
        assert found.steps == 4 and found.segments >= 8
        assert found.chosen_change is not None and found.rejected_change is not None
        assert found.chosen_change > found.rejected_change
        assert len(found.errors) == 12 and sum(found.present) >= 48


def test_a_policy_that_hardly_errs_is_sampled_on_more_pictures(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []

    def truthful(policy: Policy, names: Sequence[str], **_: object) -> list[Sampled]:
        drawn.append(len(names))
        told = [true_description(scene_of(name)) for name in names]
        told[60:] = ["The bottom left shows a kite."] * len(told[60:])
        return [Sampled(origin=name, first=text, second=text) for name, text in zip(names, told, strict=True)]

    monkeypatch.setattr(benches, "draw_samples", truthful)
    cell = Cell(base="builtin:tiny", arm="ddpo", condition="full", labels=8, rounds=2, recipe=RECIPE, images=2)
    assert bench.run(cell).steps == 4
    assert drawn == [4 * 4 + 40, 16 * 4 + 40]


def test_a_study_of_long_responses_asks_for_them_throughout(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def noted(policy: Policy, images: Sequence[object], prompts: Sequence[str]) -> Sequence[EncodedPrompt]:
        asked.extend(prompts)
        return encode_prompts(policy, images, prompts)

    monkeypatch.setattr(items, "encode_prompts", noted)
    config = CONFIG.model_copy(update={"form": "long", "steps": 1})
    scenes = {name: scene_of(name) for name in origins(config.world_seed, Split.POOL, 0, 8)}
    sampled = [
        Sampled(origin=name, first="Top row: a kite. In all: a kite.", second=true_description(scene, form="long"))
        for name, scene in scenes.items()
    ]
    cell = Cell(base="builtin:tiny", arm="ddpo", condition="full", labels=4, recipe=RECIPE, images=2)
    found = Bench("builtin:tiny", config, lambda: sampled).run(cell)
    assert found.steps == 1 and len(found.errors) == 2
    assert set(asked) == {DESCRIBE_LONG}
