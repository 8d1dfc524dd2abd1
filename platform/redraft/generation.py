"""How responses are drawn, and what a drawn one is, whoever draws it. Importing it imports no torch."""

from __future__ import annotations

from dataclasses import dataclass

from redraft.records import TokenTrace


@dataclass(frozen=True)
class GenerationSettings:
    """How to draw; temperature 0 is greedy.

    In the order in which they apply: ``repetition_penalty`` divides the positive logits of tokens that the prompt or
    the response holds already, and multiplies negative ones; ``temperature``; ``min_p`` leaves out tokens less likely
    than that share of the likeliest one; ``top_p`` keeps the likeliest tokens that together have that probability. A
    response ends before the first of the ``stop`` texts in it. ``embed`` asks for the trace's embedding, which engines
    that see no hidden states leave out.
    """

    max_new_tokens: int
    k: int = 1
    temperature: float = 0.0
    top_p: float = 1.0
    min_p: float = 0.0
    repetition_penalty: float = 1.0
    stop: tuple[str, ...] = ()
    embed: bool = False


@dataclass(frozen=True)
class Generation:
    """One generated response; ``finished`` says whether it was ended, by the policy or by a stop text, or cut off.

    The trace ends with the end-of-sequence token where the policy wrote one; of a response that a stop text ended, it
    holds the tokens of what was kept.
    """

    text: str
    finished: bool
    trace: TokenTrace
