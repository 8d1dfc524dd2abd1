"""A Ray that does not come up is one sentence; a bug in starting it stays a bug."""

from __future__ import annotations

import pytest
import ray

from redraft.config import Config
from redraft.errors import ResourceError
from redraft_actors.cluster import ray_cluster

STARVED = "The current node timed out during startup. This could happen because some of the raylet failed to startup."


@pytest.mark.parametrize(
    ("raised", "says"),
    [
        (Exception(STARVED), "cannot start a local Ray, whose processes did not come up in time"),
        (ConnectionError("nobody\nlistens"), "cannot start or reach a local Ray: nobody listens"),
    ],
)
def test_a_ray_that_does_not_come_up_is_one_sentence(
    raised: Exception, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def init(**_: object) -> None:
        raise raised

    monkeypatch.setattr(ray, "init", init)
    with pytest.raises(ResourceError, match=says) as caught, ray_cluster(Config()):
        pass
    assert "\n" not in str(caught.value)


def test_whatever_else_goes_wrong_there_is_not_explained_away(monkeypatch: pytest.MonkeyPatch) -> None:
    def init(**_: object) -> None:
        raise LookupError("a bug")

    monkeypatch.setattr(ray, "init", init)
    with pytest.raises(LookupError), ray_cluster(Config()):
        pass
