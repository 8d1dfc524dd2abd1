"""What a standing Ray has room for, and what its nodes have in common."""

from __future__ import annotations

from typing import Any

import pytest
import ray

from redraft.config import Config
from redraft.errors import ResourceError
from redraft_actors.cluster import nodes_up
from redraft_actors.clusters.nodes import NodeKind
from redraft_actors.clusters.offered import kinds_up
from redraft_actors.clusters.placement import room_findings
from redraft_actors.clusters.roll_call import Seen, _require

HEAD = {"CPU": 8.0, "node:__internal_head__": 1.0, "node:10.0.0.1": 1.0}
TRAINER = {"CPU": 96.0, "GPU": 8.0, "accelerator_type:A100": 1.0, "node:10.0.0.2": 1.0}


def nodes(*resources: dict[str, float]) -> list[dict[str, Any]]:
    return [{"Resources": each} for each in resources]


def test_the_dead_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    both = [{"Alive": True, "Resources": HEAD}, {"Alive": False, "Resources": TRAINER}]
    monkeypatch.setattr(ray, "nodes", lambda: both)
    assert nodes_up() == both[:1]


def test_nodes_alike_are_one_kind_and_the_head_comes_first() -> None:
    other = {**TRAINER, "node:10.0.0.3": 1.0}
    kinds = kinds_up(nodes(TRAINER, other, HEAD))
    assert [(kind.name, kind.cpus, kind.gpus, kind.accelerator, kind.most) for kind in kinds] == [
        ("head", 8.0, 0.0, None, 1),
        ("node", 96.0, 8.0, "A100", 2),
    ]


def room(config: dict[str, Any], *kinds: NodeKind) -> list[str]:
    return [f"{f.where}: {f.message}" for f in room_findings(kinds, Config.model_validate(config))]


def test_the_served_policy_takes_cpus_from_one_node_only() -> None:
    """Two nodes of 2 CPUs, a policy served with one: samplers of one CPU have room for 1 + 2."""
    two = kinds_up(nodes({"CPU": 2.0}, {"CPU": 2.0}))
    config = {
        "sample": {"actors": 3, "cpus_per_actor": 1.0},
        "train": {"workers": 2, "cpus_per_worker": 1.0},
        "evaluate": {"actors": 2, "cpus_per_actor": 1.0},
        "serve": {"enabled": True, "cpus": 1.0},
    }
    assert room(config, *two) == []
    config["sample"]["actors"] = 4
    (told,) = room(config, *two)
    assert told.startswith("config:sample.actors: 4 samplers of 1 CPUs and 0 GPUs do not fit beside the served policy")
    assert "there is room for 3" in told
    config["serve"]["enabled"] = False
    assert room(config, *two) == []


@pytest.mark.parametrize(
    ("seen", "says"),
    [
        (Seen(versions={"torch": "2.12.0"}, missing=()), "node 10.0.0.2 has torch 2.12.0, and 2.13.0 is here"),
        (Seen(versions={"torch": "none"}, missing=()), "node 10.0.0.2 has torch none, and 2.13.0 is here"),
        (Seen(versions={"torch": "2.13.0"}, missing=("/m",)), "policy.path: /m is not seen on node 10.0.0.2"),
    ],
)
def test_a_node_that_differs_is_named(seen: Seen, says: str) -> None:
    here = Seen(versions={"torch": "2.13.0"}, missing=())
    with pytest.raises(ResourceError, match=says):
        _require("10.0.0.2", seen, here, {"/m": "policy.path: /m"})
