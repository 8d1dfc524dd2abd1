"""Start a local Ray for one run, or join a standing cluster."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from redraft.config import Config
from redraft.errors import ResourceError

NAMESPACE = "redraft"

WORKER_ENV = {
    "OMP_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "PASSIVE",
    "GOMP_SPINCOUNT": "0",
    "TOKENIZERS_PARALLELISM": "false",
    "HF_HUB_OFFLINE": "1",
    "RAY_TRAIN_V2_ENABLED": "1",
    "RAY_TRAIN_HEALTH_CHECK_INTERVAL_S": "0.25",
    "RAY_TRAIN_ENABLE_PREEMPTION_WATCHER": "0",
    "PYTHONWARNINGS": "ignore",
    "RAY_idle_worker_killing_time_threshold_ms": "600000",
}
"""Two cores are soon lost to idle spinning threads; a worker gets one thread and sleeps when it waits.

Idle worker processes are kept, because starting one anew means loading torch and transformers again.
"""


CONNECT_SECONDS = 10.0


def _look_for(address: str) -> None:
    """Whether anything listens where a standing Ray should be, for which Ray itself would wait without end.

    Raises:
        OSError: nothing does, or the name is none.
    """
    from ray._private.services import canonicalize_bootstrap_address

    if (found := canonicalize_bootstrap_address(address)) is not None:
        host, _, port = found.rpartition(":")
        socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECT_SECONDS).close()


def nodes_up() -> list[dict[str, Any]]:
    """The nodes of the Ray that this process has joined which are alive, as Ray describes them."""
    import ray

    return [node for node in ray.nodes() if node["Alive"]]  # type: ignore[no-untyped-call]


@contextmanager
def ray_cluster(config: Config) -> Iterator[str]:
    """A connected Ray for the ``with`` block; yields the dashboard's URL ("" without one).

    Without ``ray.address`` a local cluster is started for this run alone, whatever other Ray the machine runs, and
    ends with the block; Ray guards it with the token in ``~/.ray/auth_token``, which it makes if there is none. With an
    address the standing cluster is joined and left as it is.

    Raises:
        ResourceError: if the cluster cannot be started or reached.
    """
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    os.environ.setdefault("RAY_usage_stats_enabled", "0")
    for key, value in WORKER_ENV.items():
        os.environ.setdefault(key, value)
    import ray

    where = config.ray.address or "a local Ray"
    try:
        if config.ray.address is None:
            context = ray.init(
                address="local",
                namespace=NAMESPACE,
                num_cpus=config.ray.cpus,
                object_store_memory=config.ray.object_store_mib * 2**20,
                include_dashboard=config.serve.enabled,
                _metrics_export_port=config.ray.metrics_port,
                log_to_driver=False,
                logging_level=logging.ERROR,
            )
        else:
            _look_for(config.ray.address)
            context = ray.init(
                address=config.ray.address,
                namespace=NAMESPACE,
                log_to_driver=False,
                logging_level=logging.ERROR,
                runtime_env={"env_vars": WORKER_ENV},
            )
    except (OSError, ValueError, RuntimeError) as e:
        raise ResourceError(f"cannot start or reach {where}: {' '.join(str(e).split())[:300]}") from e
    except Exception as e:
        if type(e) is not Exception:  # what Ray raises when a process of its own does not come up in time
            raise
        raise ResourceError(
            f"cannot start {where}, whose processes did not come up in time ({' '.join(str(e).split())[:200]}): "
            "let other work on this machine end, or free some memory, and try again"
        ) from e
    try:
        yield str(getattr(context, "dashboard_url", "") or "")
    finally:
        ray.shutdown()
