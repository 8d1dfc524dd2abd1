"""The results of a study, put in order: lines of the plot, their sizes, and the cells that each point averages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from redraft.errors import DataError
from redraft.records import Record, Split
from redraft.scaling.design import Arm, Cell, Recipe, Schedule, StudyConfig, grid
from redraft.scaling.rows import CellResult


class Unit(Record):
    """What a point averages over: one training, told by where it starts and by its seed."""

    base: str
    seed: int


class Line(Record):
    """One line of the plot: everything that stays while the number of labels grows."""

    arm: str
    condition: str
    schedule: Schedule
    rounds: int = 1


class Results:
    """What a study has found so far on the test split.

    Args:
        config: the study.
        results: trained cells and untrained bases, in any order; those of other splits are passed over.

    Raises:
        DataError: there is nothing to analyse, a cell is there twice, belongs to no arm of the study, or was measured
            on other pictures than the rest.
    """

    def __init__(self, config: StudyConfig, results: Iterable[CellResult]) -> None:
        self.config = config
        kept = [result for result in results if result.cell.split is Split.TEST]
        self._cells = _by_place(config, kept)
        self._planned = {_place(cell) for cell in _whole_grid(config)}
        trained = [place for place in self._cells if place[2]]
        lines = {place[0] for place in trained if place[0]}
        self.lines = tuple(sorted((line for line in lines if line), key=self._order))
        seen = {place[1] for place in trained} or {
            Unit(base=place[1].base, seed=config.seeds[0]) for place in self._cells
        }
        self.units = tuple(sorted(seen, key=lambda unit: (config.bases.index(unit.base), unit.seed)))
        self.images = len(kept[0].errors)
        self._sizes = {line: tuple(sorted({p[2] for p in trained if p[0] == line})) for line in self.lines}

    @property
    def all(self) -> list[CellResult]:
        """Every result, bases first, then line by line, the small sizes first."""
        order = {line: at for at, line in enumerate(self.lines)}
        places = sorted(
            self._cells,
            key=lambda p: (order[p[0]] if p[0] else -1, p[2], self.config.bases.index(p[1].base), p[1].seed),
        )
        return [self._cells[place] for place in places]

    @property
    def planned(self) -> int:
        """Cells of the whole study."""
        return len(self._planned)

    @property
    def done(self) -> int:
        """Cells of the study that are there."""
        return len(self._planned & self._cells.keys())

    @property
    def bases(self) -> tuple[str, ...]:
        """The bases that anything was trained from or measured of."""
        return tuple(base for base in self.config.bases if any(place[1].base == base for place in self._cells))

    def arm(self, line: Line) -> Arm:
        """A line's arm."""
        return self.config.arms[line.arm]

    def sizes(self, line: Line) -> tuple[int, ...]:
        """Numbers of labels that the line was measured at."""
        return self._sizes.get(line, ())

    def at(self, line: Line | None, labels: int, unit: Unit) -> CellResult | None:
        """One cell, or None while it is missing; without a line, or with no labels, the untrained base."""
        if line is None or labels == 0:
            return self._cells.get((None, Unit(base=unit.base, seed=0), 0))
        return self._cells.get((line, unit, labels))

    def trainings(self, line: Line, labels: int) -> list[CellResult]:
        """The cells of one point."""
        found = (self.at(line, labels, unit) for unit in self.units)
        return [result for result in found if result is not None]

    def beside(self, line: Line, arm: str) -> Line | None:
        """The line of another arm under the same circumstances, or None while there is none.

        Rankings are never collected in rounds: beside them stand the corrections of the study's first number of rounds.
        """
        rounds = (line.rounds, self.config.rounds[0]) if self.config.arms[arm].labels == "corrections" else (1,)
        others = [line.model_copy(update={"arm": arm, "rounds": number}) for number in rounds]
        return next((other for other in others if other in self.lines), None)

    def _order(self, line: Line) -> tuple[int, int, int, int]:
        config = self.config
        return (
            list(config.conditions).index(line.condition),
            config.schedules.index(line.schedule),
            config.rounds.index(line.rounds) if line.rounds in config.rounds else -1,
            list(config.arms).index(line.arm),
        )


Place = tuple[Line | None, Unit, int]


def _place(cell: Cell) -> Place:
    if not cell.labels:
        return None, Unit(base=cell.base, seed=0), 0
    line = Line(arm=cell.arm, condition=cell.condition, schedule=cell.schedule, rounds=cell.rounds)
    return line, Unit(base=cell.base, seed=cell.seed), cell.labels


def _by_place(config: StudyConfig, results: list[CellResult]) -> dict[Place, CellResult]:
    if not results:
        raise DataError(f"study {config.name} has no result on the test split yet: run it first")
    twice = [place for place, count in Counter(_place(result.cell) for result in results).items() if count > 1]
    if twice:
        raise DataError(f"study {config.name} has two results for {twice[0]}: analyse one search at a time")
    for result in results:
        cell = result.cell
        if cell.base not in config.bases or (cell.labels and cell.arm not in config.arms):
            raise DataError(f"a result of base {cell.base}, arm {cell.arm or 'none'} is none of study {config.name}")
        if len(result.errors) != len(results[0].errors):
            raise DataError(
                f"study {config.name} mixes results on {len(results[0].errors)} and on {len(result.errors)} pictures: "
                "analyse those of one `test_images`"
            )
    return {_place(result.cell): result for result in results}


def _whole_grid(config: StudyConfig) -> list[Cell]:
    """The study's cells whatever the search chooses."""
    any_recipe = Recipe(learning_rate=1.0)
    return grid(config, dict.fromkeys(config.arms, any_recipe))
