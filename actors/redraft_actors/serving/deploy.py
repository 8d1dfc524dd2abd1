"""Telling Ray Serve what to serve. Only ``user_config`` changes between versions, so replicas reconfigure in place."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import httpx

from redraft.config import Config, ServeConfig
from redraft.errors import ConfigError, ResourceError
from redraft.serving import ServedVersion, ServeSettings, ServeTerms
from redraft_actors.cluster import WORKER_ENV

APPLICATION = "redraft"

_SPARE_REQUESTS = 16
"""So many more than may wait reach a replica, so that it refuses in its own words, and answers whether it is ready."""


def serve_policy(
    config: Config,
    dashboard: str,
    policy_id: str,
    path: str,
    *,
    run: Path | None = None,
    candidate: ServedVersion | None = None,
    share: float = 0.0,
) -> None:
    """Ask Ray Serve to serve a version; returns once the request is accepted, the swap follows within seconds.

    Args:
        config: its ``serve`` and ``policy`` sections count, and the size of images.
        dashboard: where Ray's dashboard is.
        policy_id: the version that is promoted.
        path: the checkpoint's folder, on every node of the cluster.
        run: the run folder whose store knows tokens and images.
        candidate: a version that answers ``share`` of the requests.
        share: from 0 to 1.

    Raises:
        ConfigError: callers need tokens, and there is no run that knows any.
        ResourceError: if Serve refuses.
    """
    terms = ServeTerms(
        serve=config.serve,
        policy=config.policy,
        max_pixels=config.images.max_pixels,
        run=str(run.resolve()) if run is not None else None,
    )
    if terms.needs_token and run is None:
        raise ConfigError(
            f"callers of a policy on {config.serve.host} need tokens: serve a run, whose store knows them"
        )
    settings = ServeSettings(
        promoted=ServedVersion(id=policy_id, path=path), candidate=candidate, canary_share=share, terms=terms
    )
    token = _ray_token()
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    url = dashboard if dashboard.startswith("http") else f"http://{dashboard}"
    try:
        answer = httpx.put(
            f"{url}/api/serve/applications/", json=_schema(config, settings), headers=headers, timeout=60
        )
    except httpx.HTTPError as e:
        raise ResourceError(f"Ray Serve at {url} does not answer: {e}") from e
    if answer.status_code != 200:
        raise ResourceError(f"Ray Serve at {url} refused the policy: {answer.text[:300]}")


def _schema(config: Config, settings: ServeSettings) -> dict[str, Any]:
    """What Serve's REST API takes."""
    return {
        "http_options": {"host": config.serve.host, "port": config.serve.port},
        "proxy_location": "HeadOnly",
        "applications": [
            {
                "name": APPLICATION,
                "route_prefix": "/",
                "import_path": "redraft_actors.serving:application",
                "runtime_env": {"env_vars": WORKER_ENV} if config.ray.address else {},
                "deployments": [
                    {
                        "name": "policy",
                        "user_config": settings.model_dump(mode="json"),
                        "max_ongoing_requests": config.serve.max_waiting + _SPARE_REQUESTS,
                        "ray_actor_options": _resources(config.serve),
                    }
                ],
            }
        ],
    }


def _resources(serve: ServeConfig) -> dict[str, Any]:
    """What a replica asks Ray for."""
    kind = {"accelerator_type": serve.accelerator_type} if serve.accelerator_type else {}
    return {"num_cpus": serve.cpus, "num_gpus": serve.gpus, **kind}


def _ray_token() -> str | None:
    """The token that Ray's own clients send: from the environment, or from the file that Ray keeps it in."""
    if token := os.environ.get("RAY_AUTH_TOKEN"):
        return token
    path = Path(os.environ.get("RAY_AUTH_TOKEN_PATH", Path.home() / ".ray" / "auth_token"))
    return path.read_text().strip() if path.is_file() else None
