"""The whole analysis of a study as one record: what the report shows and ``summary.json`` holds."""

from __future__ import annotations

from collections.abc import Iterable

from redraft.records import Record
from redraft.scaling.breakdown import SceneShare, TypeShare, scene_shares, type_shares
from redraft.scaling.comparison import AtRecall, LabelsNeeded, at_recalls, labels_to_targets
from redraft.scaling.curves import CurvePoint, curve_points
from redraft.scaling.design import Schedule, StudyConfig
from redraft.scaling.differences import Difference, pays, reference_differences, round_differences
from redraft.scaling.findings import Finding, findings
from redraft.scaling.fit import PowerLaw, power_law
from redraft.scaling.largest import AtLargest, at_largest
from redraft.scaling.lines import Results
from redraft.scaling.resample import Resamples
from redraft.scaling.rows import CellResult
from redraft.scaling.targets import clear_rise


class Analysis(Record):
    """A study's figures so far.

    ``differences`` are to the reference; ``pays`` sets dense preference arms against plain and supervised ones,
    ``rounds`` on-policy rounds against all labels at once.
    """

    name: str
    title: str
    done: int
    planned: int
    images: int
    bases: tuple[str, ...]
    conditions: tuple[str, ...]
    schedules: tuple[Schedule, ...]
    seeds: tuple[int, ...]
    target: float
    reference: str
    bootstrap: int
    findings: tuple[Finding, ...]
    curves: tuple[CurvePoint, ...]
    fits: tuple[PowerLaw, ...]
    labels_needed: tuple[LabelsNeeded, ...]
    differences: tuple[Difference, ...]
    pays: tuple[Difference, ...]
    rounds: tuple[Difference, ...]
    at_recall: tuple[AtRecall, ...]
    largest: tuple[AtLargest, ...]
    types: tuple[TypeShare, ...]
    scenes: tuple[SceneShare, ...]


def analyse(config: StudyConfig, cells: Iterable[CellResult]) -> tuple[Analysis, Resamples]:
    """All figures of the test split, and the draws that they come from.

    Raises:
        DataError: the results are not those of one study.
    """
    results = Results(config, cells)
    drawn = Resamples(results)
    largest, scenes = at_largest(drawn), scene_shares(drawn)
    analysis = Analysis(
        name=config.name,
        title=config.title,
        done=results.done,
        planned=results.planned,
        images=results.images,
        bases=results.bases,
        schedules=tuple(dict.fromkeys(line.schedule for line in results.lines)),
        conditions=tuple(dict.fromkeys(line.condition for line in results.lines)),
        seeds=tuple(sorted({unit.seed for unit in results.units})),
        target=config.target,
        reference=config.reference(),
        bootstrap=config.bootstrap,
        findings=tuple(findings(drawn, largest, scenes)),
        curves=tuple(curve_points(drawn)),
        fits=tuple(_fits(drawn)),
        labels_needed=tuple(labels_to_targets(drawn)),
        differences=tuple(reference_differences(drawn)),
        pays=tuple(pays(drawn)),
        rounds=tuple(round_differences(drawn)),
        at_recall=tuple(at_recalls(drawn)),
        largest=tuple(largest),
        types=tuple(type_shares(drawn)),
        scenes=tuple(scenes),
    )
    return analysis, drawn


def _fits(drawn: Resamples) -> list[PowerLaw]:
    """A law for each line, of the sizes before it clearly rises."""
    laws = []
    for line in drawn.results.lines:
        sizes = drawn.results.sizes(line)
        rates = drawn.curve("response_rate", line)
        kept = clear_rise(rates)
        laws.append(power_law(line, sizes[:kept], rates[:, :kept]))
    return [law for law in laws if law is not None]
