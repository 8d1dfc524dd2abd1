"""What a training job that was killed with its controller still holds of the cluster."""

from __future__ import annotations

import logging

import ray
from ray import PlacementGroupID
from ray.util import placement_group_table, remove_placement_group
from ray.util.placement_group import PlacementGroup

_log = logging.getLogger(__name__)


def free_leftovers() -> int:
    """Give back the placement groups of this Ray job; how many there were.

    To be called before a job is trained: a controller trains one at a time, and nothing else of a run reserves places.
    Ray keeps a group until the job of its maker ends, too, and the job of a controller that was killed goes on; Ray
    Train's own cleaner does not know groups whose workers were still being started.
    """
    job = ray.get_runtime_context().get_job_id()
    known = placement_group_table()
    left = [name for name, group in known.items() if name.endswith(job) and group["state"] != "REMOVED"]
    for name in left:
        remove_placement_group(PlacementGroup(PlacementGroupID(bytes.fromhex(name))))
        _log.warning("placement group %s was left by a training job that was killed: it is given back", name)
    return len(left)
