"""The promoted policy over HTTP, by Ray Serve; a promotion swaps it in place without a failed request.

deploy.py    tells Serve what to serve       replica.py   the server of redraft.serving in a replica
counted.py   what has become of requests
"""

from redraft_actors.serving.counted import served_tally
from redraft_actors.serving.deploy import serve_policy
from redraft_actors.serving.replica import application

__all__ = ["application", "serve_policy", "served_tally"]
