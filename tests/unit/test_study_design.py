"""Studies: the grid that follows from a config, what makes a cell another cell, and the search."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from redraft.config import ObjectiveConfig
from redraft.errors import ConfigError, DataError
from redraft.records import Split
from redraft.scaling.config import load_study
from redraft.scaling.design import Arm, Cell, Recipe, SearchConfig, StudyConfig, grid, steps_of, trials
from redraft.scaling.packing import pack, take_over
from redraft.scaling.rows import CellResult, ResultFolder, row_of
from redraft.scaling.search import choose

STUDIES = Path(__file__).parents[2] / "configs" / "studies"
CONFIGS = [file for file in STUDIES.glob("*.yaml") if file.stem != "routing"]
FIXED = Recipe(learning_rate=5e-5)


def result(cell: Cell, errors: tuple[int, ...] = (1, 0, 0, 2), found: tuple[int, ...] = (4, 5, 4, 5)) -> CellResult:
    """Four pictures of five objects."""
    return CellResult(
        cell=cell,
        steps=3,
        segments=7,
        errors=errors,
        mentions=(5, 5, 5, 5),
        found=found,
        present=(5, 5, 5, 5),
        words=(40, 42, 44, 46),
        by_type={},
        over_generalisation=(),
    )


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_every_study_that_ships_is_sound(path: Path) -> None:
    config = load_study(path)
    cells = grid(config, {name: arm.recipe or FIXED for name, arm in config.arms.items()})
    assert len({cell.id(config) for cell in cells}) == len(cells)
    assert [cell.base for cell in cells if not cell.labels] == list(config.bases)
    assert len(grid(config.quick(), dict.fromkeys(config.arms, FIXED))) < len(cells)


def test_the_grid_by_hand() -> None:
    config = StudyConfig(
        seeds=(0, 1),
        sizes=(16, 32),
        steps=5,
        epochs=2,
        batch_size=8,
        max_steps=12,
        arms={
            "a": Arm(recipe=FIXED),
            "r": Arm(labels="rankings", recipe=FIXED, multiples=(4,)),
        },
    )
    cells = grid(config, {})
    sizes = [(c.arm, c.schedule, c.labels) for c in cells if c.seed == 0 and c.arm]
    assert sorted(sizes) == [
        ("a", "epochs", 16), ("a", "epochs", 32), ("a", "steps", 16), ("a", "steps", 32),
        ("r", "epochs", 16), ("r", "epochs", 32), ("r", "epochs", 128), ("r", "steps", 16), ("r", "steps", 32),
    ]  # fmt: skip
    assert len(cells) == 1 + 2 * len(sizes)
    steps = {(schedule, n): steps_of(config, schedule, n) for _, schedule, n in sizes}
    assert steps["steps", 16] == steps["steps", 32] == 5
    assert (steps["epochs", 16], steps["epochs", 32], steps["epochs", 128]) == (4, 8, 16)


def test_a_cell_is_another_where_something_that_shapes_it_is() -> None:
    config = StudyConfig(arms={"a": Arm(recipe=FIXED)})
    cell = grid(config, {})[1]

    def changed(**update: object) -> str:
        return cell.id(config.model_copy(update=update))

    assert cell.id(config) == changed(title="another", target=0.3, seeds=(5,), sizes=(50,))
    others = [
        changed(steps=80),
        changed(world_seed=4),
        changed(arms={"a": Arm(recipe=FIXED, noise=1.0)}),
        cell.model_copy(update={"seed": 9}).id(config),
    ]
    assert len({cell.id(config), *others}) == 5


def test_finished_cells_are_found_again_by_later_versions() -> None:
    """Hours of results lie under these names."""
    config = load_study(CONFIGS[0].parent / "when_dense_pays.yaml")
    recipe = Recipe(learning_rate=5e-5, beta=0.5, normalise=True)
    base = Cell(base="builtin:tiny", images=1000)
    trained = base.model_copy(
        update={"arm": "ddpo", "condition": "one_fix", "labels": 400, "seed": 1, "recipe": recipe}
    )
    assert base.id(config) == "232bc1a7c75c963668f48579"
    assert trained.id(config) == "d1d495c9e53800e3bd36d5e5"
    assert trained.id(config.model_copy(update={"form": "long"})) != trained.id(config)
    even, on_policy = config.model_copy(update={"round_decay": 1.0}), trained.model_copy(update={"rounds": 4})
    assert trained.id(even) == trained.id(config), "there is no further round"
    assert on_policy.id(even) != on_policy.id(config)


def test_every_arm_is_searched_for_with_the_same_budget() -> None:
    tried = tuple(Recipe(learning_rate=lr) for lr in (1e-5, 5e-5))
    config = StudyConfig(
        arms={
            "a": Arm(),
            "s": Arm(objective=ObjectiveConfig(preference=0, supervised=1)),
            "f": Arm(recipe=FIXED),
        },
        search=SearchConfig(size=20, images=10, candidates=tried, supervised=(FIXED, Recipe(learning_rate=1e-4))),
    )
    base, *cells = trials(config)
    assert base.labels == 0
    assert {cell.split for cell in cells} == {Split.DEV}
    assert [(cell.arm, cell.recipe.learning_rate) for cell in cells if cell.recipe] == [
        ("a", 1e-5), ("a", 5e-5), ("s", 5e-5), ("s", 1e-4),
    ]  # fmt: skip
    with pytest.raises(ValueError, match="same budget"):
        SearchConfig(candidates=tried, supervised=(FIXED,))


def test_the_choice_is_the_least_wrong_that_keeps_recall() -> None:
    base = Cell(base="b", images=4, split=Split.DEV)
    helpful, silent, worse = (
        base.model_copy(update={"arm": "a", "labels": 9, "recipe": Recipe(learning_rate=lr)})
        for lr in (1e-5, 1e-4, 1e-6)
    )
    found = [
        result(helpful, errors=(1, 0, 0, 0)),
        result(silent, errors=(0, 0, 0, 0), found=(1, 1, 1, 1)),
        result(worse, errors=(1, 1, 0, 0)),
    ]
    config = StudyConfig(arms={"a": Arm(recipe=FIXED)})
    chosen = choose(config, found, result(base))["a"]
    assert (chosen.recipe.learning_rate, chosen.response_rate, chosen.recall, chosen.tried) == (1e-5, 0.25, 0.9, 3)
    assert choose(config, found[1:2], result(base))["a"].recipe.learning_rate == 1e-4


def test_results_are_kept_whole_and_taken_over(tmp_path: Path) -> None:
    config = StudyConfig(arms={"a": Arm(recipe=FIXED)})
    cell = grid(config, {})[1]
    folder = ResultFolder(tmp_path / "one")
    with pytest.raises(DataError, match="is missing"):
        folder.get(cell, config)
    folder.put(result(cell), config)
    (tmp_path / "one" / "samples" / "key").mkdir(parents=True)
    (tmp_path / "one" / "samples" / "key" / "0000-5.json").write_text("[]")
    take_over(tmp_path / "one", tmp_path / "two")
    assert ResultFolder(tmp_path / "two").get(cell, config) == result(cell)
    assert (tmp_path / "two" / "samples" / "key" / "0000-5.json").read_text() == "[]"
    row = row_of(result(cell))
    assert (row["response_rate"], row["mention_rate"], row["recall"], row["mean_words"]) == (0.5, 0.15, 0.9, 43)
    with pytest.raises(DataError, match="holds no study"):
        take_over(tmp_path / "three", tmp_path / "two")
    next((tmp_path / "two" / "cells").iterdir()).write_text("{}")
    with pytest.raises(DataError, match="delete it and run the study again"):
        ResultFolder(tmp_path / "two").get(cell, config)


def test_published_results_are_one_small_file_that_can_be_taken_up_again(tmp_path: Path) -> None:
    config = StudyConfig(arms={"a": Arm(recipe=FIXED)})
    cell = grid(config, {})[1]
    ResultFolder(tmp_path / "one").put(result(cell), config)
    (tmp_path / "one" / "cells" / "00000000.json").write_text("another study's")
    packed = pack(tmp_path / "one", [cell.id(config)])
    before = packed.read_bytes()
    assert pack(tmp_path / "one", [cell.id(config)] * 2).read_bytes() == before
    take_over(packed, tmp_path / "two")
    assert ResultFolder(tmp_path / "two").get(cell, config) == result(cell)
    assert len(list((tmp_path / "two" / "cells").iterdir())) == 1


@pytest.mark.parametrize(
    "name", ["../cells/aaaaaaaa.json", "cells/../../aaaaaaaa.json", "/cells/aaaaaaaa.json", "x.json"]
)
def test_a_file_that_would_unpack_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as evil:
        evil.writestr(name, "{}")
    with pytest.raises(DataError, match="is no cell"):
        take_over(tmp_path / "evil.zip", tmp_path / "out")
    assert not (tmp_path / "out").exists()
    (tmp_path / "broken.zip").write_bytes(b"PK but no more")
    with pytest.raises(DataError, match=r"is no cells\.zip"):
        take_over(tmp_path / "broken.zip", tmp_path / "out")


def test_mistakes_in_a_study_are_named(tmp_path: Path) -> None:
    file = tmp_path / "study.yaml"
    file.write_text("arms: {a: {lables: rankings}}")
    with pytest.raises(ConfigError, match=r"unknown key arms\.a\.lables; did you mean arms\.a\.labels\?"):
        load_study(file)
    file.write_text("arms: {a: {}}")
    with pytest.raises(ConfigError, match=r"arms\.a has no recipe, and there is no search"):
        load_study(file)
    with pytest.raises(ConfigError, match=r"write it as section\.key=value"):
        load_study(file, ["steps"])
