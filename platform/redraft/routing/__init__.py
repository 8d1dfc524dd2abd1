"""Which responses people see.

candidates ──► random arm, drawn from all ───────────────────────────────┐
    └────────► strategy: random, uncertainty, probe, probe+diversity ────┴──► interleaved ──► worklist
                  effort.py     minutes that a task will take
                  diversity.py  what lies far apart
                      stale.py      what is still worth asking about
"""

from redraft.routing.candidates import Candidate, Routed, candidate_of
from redraft.routing.effort import Effort, fit_effort
from redraft.routing.route import Budget, route
from redraft.routing.strategies import Strategy, open_strategy, value_by

__all__ = [
    "Budget",
    "Candidate",
    "Effort",
    "Routed",
    "Strategy",
    "candidate_of",
    "fit_effort",
    "open_strategy",
    "route",
    "value_by",
]
