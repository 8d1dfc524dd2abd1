"""What the replica of a served run has counted, for whoever watches a candidate."""

from __future__ import annotations

import ray
from ray import serve
from ray.exceptions import RayError
from ray.serve.exceptions import RayServeException

from redraft.records import ServerTally
from redraft_actors.serving.deploy import APPLICATION

ANSWER_SECONDS = 5.0


def served_tally() -> ServerTally | None:
    """Ask the replica; None while none is up, or it has no time."""
    if not ray.is_initialized():
        return None
    try:
        answer = serve.get_app_handle(APPLICATION).tally.remote().result(timeout_s=ANSWER_SECONDS)
    except (RayServeException, RayError, TimeoutError):
        return None
    return ServerTally.model_validate(answer)
