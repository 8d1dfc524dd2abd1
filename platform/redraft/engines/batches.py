"""Which requests share a batch, and what happens when one is too large for the memory.

lengths ──► prompts of like length together ──► batches ──► draw ──out of memory──► halves, and no larger ones after
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from redraft.errors import ResourceError

Answer = TypeVar("Answer")
Batch = tuple[int, ...]


def batches_alike(lengths: Sequence[int], fits: Callable[[int], int], most: int) -> list[Batch]:
    """The indices of ``lengths`` in batches of like length, the longest first, so that too little memory shows at once.

    Args:
        lengths: of each prompt, in tokens.
        fits: how many prompts of a given length fit into memory.
        most: no batch is larger, and none is empty, whatever ``fits`` says.
    """
    order = sorted(range(len(lengths)), key=lambda i: (-lengths[i], i))
    batches: list[Batch] = []
    at = 0
    while at < len(order):
        size = max(1, min(most, fits(lengths[order[at]])))
        batches.append(tuple(order[at : at + size]))
        at += size
    return batches


def draw_batches(
    batches: Sequence[Batch],
    draw: Callable[[Batch], Sequence[Answer]],
    *,
    out_of_memory: Callable[[BaseException], bool],
    shrink: Callable[[int], None],
) -> list[Answer]:
    """What ``draw`` gives for each index of the batches, by index.

    A batch that runs out of memory is drawn again in two halves, and no later batch is larger than they are; ``shrink``
    is told that size.

    Raises:
        ResourceError: a single request is too much.
    """
    answers: dict[int, Answer] = {}
    waiting = list(reversed(batches))
    most = max(map(len, batches), default=1)
    while waiting:
        batch = waiting.pop()
        if len(batch) > most:
            waiting += [batch[most:], batch[:most]]
            continue
        drawn = _drawn(batch, draw, out_of_memory)
        if drawn is None:
            most = (len(batch) + 1) // 2
            shrink(most)
            waiting.append(batch)
        else:
            answers |= dict(zip(batch, drawn, strict=True))
    return [answers[index] for index in sorted(answers)]


def _drawn(
    batch: Batch, draw: Callable[[Batch], Sequence[Answer]], out_of_memory: Callable[[BaseException], bool]
) -> Sequence[Answer] | None:
    """None when memory ran out; by then nothing holds on to what the attempt had allocated."""
    try:
        return draw(batch)
    except (RuntimeError, MemoryError) as e:
        if not out_of_memory(e):
            raise
        if len(batch) == 1:
            raise ResourceError(
                "memory is too short to draw the samples of a single image: lower sample.k or policy.max_new_tokens, "
                "load the policy in bfloat16 (policy.dtype), or run fewer samplers on a machine (sample.actors)"
            ) from None
        return None
