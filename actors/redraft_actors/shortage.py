"""What Ray has been asked for and cannot place, in words; it would wait in silence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from redraft_actors.cluster import nodes_up

PATIENCE_SECONDS = 30.0
"""Groups of workers that fit are placed sooner than that."""
_ACCELERATOR = "accelerator_type:"

Resources = Mapping[str, float]


class Shortage:
    """Watches what is asked for; a demand counts once it has waited for ``PATIENCE_SECONDS``."""

    def __init__(self) -> None:
        self._since: dict[str, float] = {}

    def look(self, now: float) -> str:
        """What the Ray that this process has joined lacks at ``now`` (seconds of any clock); empty if nothing."""
        return self.lasting(_unplaced(), now)

    def lasting(self, unplaced: Iterable[str], now: float) -> str:
        """Of what is unplaced now, in words, that which has been for long; empty if nothing."""
        self._since = {demand: self._since.get(demand, now) for demand in unplaced}
        long = [demand for demand, since in self._since.items() if now - since >= PATIENCE_SECONDS]
        if not long:
            return ""
        return f"Ray has no place yet for {' and '.join(long)}: nodes are missing, or other work holds them"


def in_words(groups: Iterable[list[Resources]], singles: Iterable[tuple[Resources, int]]) -> list[str]:
    """Groups that start together, then what starts alone, each such as ``8 x 11 CPUs and 1 GPU (A100)``."""
    together = [Counter(_size(bundle) for bundle in group) for group in groups]
    alone = Counter[str]()
    for resources, count in singles:
        alone[_size(resources)] += count
    return [f"{count} x {size}" for counted in (*together, alone) for size, count in counted.items()]


def never_held(demand: Resources, nodes: Iterable[Resources]) -> bool:
    """Whether no node that is up could hold it even if it were idle; what merely queues is no news."""
    return not any(all(node.get(name, 0.0) >= amount for name, amount in demand.items()) for node in nodes)


def _unplaced() -> list[str]:
    import ray
    from ray._raylet import GcsClient  # type: ignore[attr-defined]
    from ray.autoscaler.v2.sdk import get_cluster_resource_state

    state: Any = get_cluster_resource_state(GcsClient(address=ray.get_runtime_context().gcs_address))
    up = [node["Resources"] for node in nodes_up()]
    gangs = state.pending_gang_resource_requests
    groups: list[list[Resources]] = [[dict(one.resources_bundle) for one in gang.requests] for gang in gangs]
    singles = ((dict(one.request.resources_bundle), one.count) for one in state.pending_resource_requests)
    return in_words(groups, ((demand, count) for demand, count in singles if never_held(demand, up)))


def _size(resources: Resources) -> str:
    """``11 CPUs and 1 GPU (A100)``; what else is asked for by its name."""
    parts = [
        f"{amount:g} {name}{'' if amount == 1 else 's'}"
        for name in ("CPU", "GPU")
        if (amount := resources.get(name, 0.0))
    ]
    kinds = [name.removeprefix(_ACCELERATOR) for name in resources if name.startswith(_ACCELERATOR)]
    others = [name for name in resources if name not in ("CPU", "GPU", "memory") and not name.startswith(_ACCELERATOR)]
    return (" and ".join([*parts, *others]) or "nothing") + (f" ({', '.join(kinds)})" if kinds else "")
