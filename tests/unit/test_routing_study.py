"""The routing study: budgets are equal, walks repeat themselves, and ratios are those of the curves."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from redraft.config.routing import Strategy
from redraft.errors import ConfigError, DataError
from redraft.report.routing import markdown, write_routing_study
from redraft.routing_study.analysis import RoutingAnalysis, analyse
from redraft.routing_study.design import RoutingStudyConfig, Walk, load_routing_study, walks
from redraft.routing_study.rows import RoundResult, WalkFolder, WalkResult
from redraft.routing_study.walk import Walker

IMAGES = 40
STUDY = RoutingStudyConfig.model_validate(
    {
        "strategies": ["random", "probe"],
        "rounds": 4,
        "route": {"budget": 10},
        "pictures": 20,
        "test_images": IMAGES,
        "bootstrap": 200,
        "targets": [0.5],
    }
)


def round_of(wrong: int, *, tasks: int = 10, corrections: int = 5, drawn: tuple[int, int] = (1, 2)) -> RoundResult:
    return RoundResult(
        scorer="mixture" if tasks else "",
        tasks=tasks,
        corrections=corrections,
        segments=2 * corrections,
        minutes=float(tasks),
        random_tasks=drawn[1],
        random_to_mend=drawn[0],
        pool_to_mend=0.5,
        steps=1,
        errors=tuple(int(at < wrong) for at in range(IMAGES)),
        found=(1,) * IMAGES,
        present=(1,) * IMAGES,
        words=(5,) * IMAGES,
    )


def walked(strategy: Strategy, seed: int, wrong: list[int]) -> WalkResult:
    start = round_of(32, tasks=0, corrections=0, drawn=(0, 0))
    return WalkResult(
        walk=Walk(base="builtin:tiny", strategy=strategy, seed=seed),
        rounds=(start, *(round_of(count) for count in wrong)),
        seconds=1.0,
    )


def curves(random: list[int], probe: list[int]) -> list[WalkResult]:
    both: list[tuple[Strategy, list[int]]] = [("random", random), ("probe", probe)]
    return [walked(strategy, seed, wrong) for seed in (0, 1, 2) for strategy, wrong in both]


def row(analysis: RoutingAnalysis, strategy: str, cost: str = "tasks") -> tuple[float, float | None, float | None]:
    found = next(n for n in analysis.needed if (n.strategy, n.cost) == (strategy, cost))
    ratio = found.random_over
    return found.needed.at_least, found.needed.at_most, ratio.at_least if ratio else None


def test_a_strategy_that_is_there_in_half_the_rounds_needs_half_the_labels() -> None:
    analysis = analyse(STUDY, curves([28, 24, 22, 20], [24, 20, 18, 16]), planned=6)
    assert row(analysis, "random") == (pytest.approx(40), pytest.approx(40), None)
    assert row(analysis, "probe") == (pytest.approx(20), pytest.approx(20), pytest.approx(2))
    assert row(analysis, "probe", "corrections") == (pytest.approx(10), pytest.approx(10), pytest.approx(2))
    last = next(p for p in analysis.points if (p.strategy, p.round) == ("probe", 4))
    assert (last.tasks, last.corrections, last.minutes, last.hits) == (40, 20, 40, 0.5)
    assert last.response_rate.value == pytest.approx(0.4)
    assert last.response_rate.low < 0.4 < last.response_rate.high


def test_a_rate_that_random_never_reaches_is_a_bound() -> None:
    analysis = analyse(STUDY, curves([30, 29, 28, 27], [24, 20, 18, 16]), planned=6)
    assert row(analysis, "random")[:2] == (40, None)
    assert row(analysis, "probe")[2] == pytest.approx(2)
    told = markdown(STUDY, analysis)
    assert "more than 40" in told and "more than 2.00 times as many" in told


def test_the_random_arm_is_held_against_what_it_estimates() -> None:
    arm = analyse(STUDY, curves([28, 24, 22, 20], [24, 20, 18, 16]), planned=6).random_arm
    assert (arm.rounds, arm.covered, arm.bias.value) == (24, 24, 0)


def test_seeds_that_lack_a_strategy_are_left_out_and_none_at_all_is_said() -> None:
    whole = curves([28, 24, 22, 20], [24, 20, 18, 16])
    halved = [*whole, walked("random", 3, [0, 0, 0, 0])]
    assert analyse(STUDY, halved, planned=8).needed == analyse(STUDY, whole, planned=8).needed
    with pytest.raises(DataError, match="run the study on"):
        analyse(STUDY, [walked("random", 3, [0, 0, 0, 0])], planned=8)


def test_results_are_kept_by_what_could_change_them(tmp_path: Path) -> None:
    folder, result = WalkFolder(tmp_path), walked("probe", 0, [1, 1, 1, 1])
    folder.put(result, STUDY)
    renamed = STUDY.model_copy(update={"title": "Another", "targets": (0.1,), "seeds": (0, 7)})
    assert folder.get(result.walk, renamed) == result
    assert not folder.has(result.walk, STUDY.model_copy(update={"k": 2}))
    assert not folder.has(result.walk.model_copy(update={"seed": 1}), STUDY)


def test_the_report_has_its_tables_and_charts(tmp_path: Path) -> None:
    results = curves([28, 24, 22, 20], [24, 20, 18, 16])
    write_routing_study(STUDY, results, 6, tmp_path)
    assert len((tmp_path / "rounds.csv").read_text().splitlines()) == 1 + 6 * 5
    assert "2.00 times as many" in (tmp_path / "summary.md").read_text()
    assert all((tmp_path / name).read_bytes().startswith(b"\x89PNG") for name in ("curves.png", "hits.png"))


def test_the_shipped_study_is_read_and_a_mistake_is_named(tmp_path: Path) -> None:
    shipped = Path(__file__).parents[2] / "configs" / "studies" / "routing.yaml"
    study = load_routing_study(shipped, [])
    assert len(walks(study)) == 12 and len(walks(study.quick())) == 2
    with pytest.raises(ConfigError, match="raise pictures"):
        load_routing_study(shipped, ["pictures=10"])


def test_a_walk_spends_the_same_whatever_the_strategy_and_repeats_itself() -> None:
    small = STUDY.model_copy(
        update={
            "rounds": 2,
            "pictures": 16,
            "k": 2,
            "route": STUDY.route.model_copy(update={"budget": 8}),
            "test_images": 10,
            "epochs": 1.0,
            "uncertainty": STUDY.uncertainty.model_copy(update={"choose_from": 4}),
        }
    )
    torch.set_num_threads(1)
    walker = Walker("builtin:tiny", small)
    routed = Walk(base="builtin:tiny", strategy="probe+diversity", seed=5)
    found = walker.run(routed)
    assert [one.tasks for one in found.rounds] == [0, 8, 8]
    assert [one.random_tasks for one in found.rounds] == [0, 2, 2]
    assert found.rounds[2].scorer != "mixture"
    at_random = walker.run(routed.model_copy(update={"strategy": "random"}))
    assert [one.tasks for one in at_random.rounds] == [0, 8, 8]
    assert at_random.rounds[1].random_tasks == 8
    assert at_random.rounds[1].pool_to_mend == found.rounds[1].pool_to_mend, "round 1 is the same for all"
    assert walker.run(routed).rounds == found.rounds, "what was walked before leaves nothing behind"
