"""The loop's state machine: what is true now in, what to do next out; it touches nothing.

    BeginRound(0) ──► EVALUATING ──► PROMOTING ──► DONE                       round 0 measures the base policy
                                                    │
      ┌────────────── BeginRound(n + 1) ◄───────────┤◄─────────────────────────────────────────┐
      ▼                                             └──► Finish                                │
    SAMPLING ──► ANNOTATING ──► BUILDING ──► TRAINING ──► EVALUATING ──► PROMOTING ──► DONE ───┤
                   │  ▲   │                    │  ▲                      │  ▲                  │
                   └──┘   └── SkipTraining     └──┘ Hold, Refill         └──┘ WatchCanary      │
        WaitForAnnotators,    (too few ────────────────────────────────────────────► DONE ─────┘
                   Refill      corrections)

    state.py     all that a decision depends on       triggers.py  why to train now, why to stop
    actions.py   what can be done next                decide.py    next_action

Up to TRAINING, SkipTraining also ends a round whose incumbent a person has replaced: whatever would be trained from it
could not be promoted. The next round begins from the person's choice.

A phase names the step that runs next, so a step that was interrupted is returned again; steps are idempotent. Whoever
performs an action commits the round's next phase, the action's ``then``, when it is done. Training never makes
annotators wait: tasks left over when annotation ends stay on the worklist, more are drawn before training begins
where few are left, and the corrections that come in meanwhile count for the next round.
"""

from redraft.rounds.actions import (
    Action,
    BeginRound,
    BuildDataset,
    EndAnnotation,
    Evaluate,
    Finish,
    Hold,
    Promote,
    Refill,
    Sample,
    SkipTraining,
    Train,
    WaitForAnnotators,
    WatchCanary,
)
from redraft.rounds.decide import next_action
from redraft.rounds.state import LoopState
from redraft.rounds.triggers import when_it_trains

__all__ = [
    "Action",
    "BeginRound",
    "BuildDataset",
    "EndAnnotation",
    "Evaluate",
    "Finish",
    "Hold",
    "LoopState",
    "Promote",
    "Refill",
    "Sample",
    "SkipTraining",
    "Train",
    "WaitForAnnotators",
    "WatchCanary",
    "next_action",
    "when_it_trains",
]
