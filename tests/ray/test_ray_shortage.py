"""A step that Ray has no room for is told, by Ray's own account of what it cannot place."""

from __future__ import annotations

import time

import pytest
from ray.util.placement_group import placement_group, remove_placement_group

from redraft_actors.shortage import PATIENCE_SECONDS, Shortage

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("local_ray")]


def test_a_group_of_workers_that_has_no_place_is_told() -> None:
    watch = Shortage()
    group = placement_group([{"CPU": 2.0, "GPU": 1.0}] * 2)
    try:
        told = ""
        for look in range(100):
            told = watch.look(now=look * PATIENCE_SECONDS)
            if told:
                break
            time.sleep(0.1)
    finally:
        remove_placement_group(group)
    assert told == "Ray has no place yet for 2 x 2 CPUs and 1 GPU: nodes are missing, or other work holds them"
