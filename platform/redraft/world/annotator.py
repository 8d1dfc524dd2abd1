"""Oracle annotators: they know the picture, correct minimally, and overlook things as often as they are told to."""

from __future__ import annotations

import random

from redraft.errors import ConfigError
from redraft.records import Answer, Edit
from redraft.world.correction import fixes, in_order
from redraft.world.scene import Scene


class OracleAnnotator:
    """An annotator whose slips depend on its seed and the task alone, so that a repeated task gets the same answer.

    ``error_rate`` is the chance of overlooking each wrong or missing segment; ``seconds_per_task`` is how long whoever
    runs the oracle should let it take.

    Raises:
        ConfigError: if the error rate is no probability or the time is negative.
    """

    def __init__(self, name: str, seed: int, error_rate: float = 0.0, seconds_per_task: float = 0.0) -> None:
        if not 0 <= error_rate <= 1:
            raise ConfigError(f"annotator {name}: error rate {error_rate} must be between 0 and 1")
        if seconds_per_task < 0:
            raise ConfigError(f"annotator {name}: {seconds_per_task} seconds per task cannot be negative")
        self.name = name
        self.seed = seed
        self.error_rate = error_rate
        self.seconds_per_task = seconds_per_task

    def annotate(self, scene: Scene, prompt: str, text: str, task_id: str) -> tuple[Answer, tuple[Edit, ...]]:
        """CORRECTED with the edits, or CLEAN where the annotator finds nothing to mend."""
        rng = random.Random(f"{self.seed}:{task_id}")
        noticed = [fix for fix in fixes(scene, prompt, text) if rng.random() >= self.error_rate]
        return (Answer.CORRECTED, in_order(noticed)) if noticed else (Answer.CLEAN, ())
