"""A Ray that does not come up is one sentence; a bug in starting it stays a bug."""

from __future__ import annotations

import re

import pytest
import ray

from redraft.config import Config, RayConfig
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


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("127.0.0.1:1", "cannot start or reach 127.0.0.1:1: [Errno 111] Connection refused"),
        ("no-such-host.invalid:6379", "cannot start or reach no-such-host.invalid:6379"),
        ("nonsense", "Invalid address format: nonsense"),
    ],
)
def test_nobody_waits_for_a_ray_that_is_not_there(address: str, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setattr(ray, "init", lambda **_: pytest.fail("it would be waited for"))
    with pytest.raises(ResourceError, match=re.escape(says)), ray_cluster(Config(ray=RayConfig(address=address))):
        pass


def test_whatever_else_goes_wrong_there_is_not_explained_away(monkeypatch: pytest.MonkeyPatch) -> None:
    def init(**_: object) -> None:
        raise LookupError("a bug")

    monkeypatch.setattr(ray, "init", init)
    with pytest.raises(LookupError), ray_cluster(Config()):
        pass
