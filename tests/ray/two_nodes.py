"""A standing Ray of two nodes with a CPU each, for other processes: ``python -m tests.ray.two_nodes FOLDER``.

It prints its address and lives until its input ends. Both nodes are on this machine; workers of the second one begin in
FOLDER, so that ``/proc/self/cwd`` is not the same on both.
"""

from __future__ import annotations

import os
import sys

from ray.cluster_utils import Cluster

STORE = 100 * 2**20


def main() -> None:
    """Start them, and end them."""
    head = {"num_cpus": 1, "object_store_memory": STORE, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    try:
        os.chdir(sys.argv[1])
        cluster.add_node(num_cpus=1, object_store_memory=STORE)
        print(cluster.address, flush=True)
        sys.stdin.read()
    finally:
        cluster.shutdown()


if __name__ == "__main__":
    main()
