"""One real local Ray for all tests of this layer."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from redraft.config import Config, RayConfig, ServeConfig

from ..contract.imitated_s3 import ImitatedS3, imitated_s3


@pytest.fixture(scope="session")
def ray_config() -> Config:
    """Two CPUs, and Serve on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return Config(serve=ServeConfig(port=port), ray=RayConfig(cpus=2, object_store_mib=150))


@pytest.fixture(scope="session")
def bucket() -> Iterator[ImitatedS3]:
    """A bucket, with credentials in the environment of whatever is started later."""
    with imitated_s3() as server, pytest.MonkeyPatch.context() as patch:
        for name, value in server.owner.environment.items():
            patch.setenv(name, value)
        yield server


@pytest.fixture(scope="session")
def local_ray(ray_config: Config, bucket: ImitatedS3) -> Iterator[str]:
    """The URL of its dashboard."""
    from redraft_actors.cluster import ray_cluster

    with ray_cluster(ray_config) as dashboard:
        yield dashboard
