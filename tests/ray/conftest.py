"""One real local Ray for all tests of this layer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from redraft.config import Config, RayConfig, ServeConfig


@pytest.fixture(scope="session")
def local_ray() -> Iterator[None]:
    """Two CPUs, no dashboard."""
    from redraft_actors.cluster import ray_cluster

    with ray_cluster(Config(serve=ServeConfig(enabled=False), ray=RayConfig(cpus=2, object_store_mib=150))):
        yield
