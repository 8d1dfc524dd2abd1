"""What a run has so far: its samples, and which of them people judged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace

import pyarrow.parquet as pq

from redraft.blobs import Blobs
from redraft.claims import ClaimExtractor
from redraft.records import Correction, Response, Task
from redraft.responses import responses_from_table
from redraft.uncertainty.labels import Example, label
from redraft.uncertainty.sampled import SampledResponse, observe


def sample_folders(blobs: Blobs) -> list[str]:
    """The keys of all rounds' samples."""
    return sorted({key.rpartition("/")[0] for key in blobs.list("samples") if key.endswith(".parquet")})


def read_sampled(
    blobs: Blobs, key: str, image_ids: Collection[str], entropy_weight: float, extractor: ClaimExtractor
) -> dict[str, SampledResponse]:
    """The first samples about some images, by response id, each beside its siblings."""
    rows = pq.read_table(blobs.path(key), filters=[("image_id", "in", sorted(image_ids))]) if image_ids else None
    siblings: dict[tuple[str, str, str, int], list[Response]] = defaultdict(list)
    for response in responses_from_table(rows) if rows is not None else []:
        siblings[response.policy, response.image_id, response.prompt, response.seed].append(response)
    found = {}
    for responses in siblings.values():
        first, *others = sorted(responses, key=lambda response: response.sample)
        found[first.id] = observe(first, others, entropy_weight, extractor)
    return found


def read_examples(
    blobs: Blobs,
    answers: Sequence[Correction],
    tasks: Sequence[Task],
    entropy_weight: float,
    extractor: ClaimExtractor,
) -> list[Example]:
    """The judged responses that a run sampled itself, in the order of their samples' keys and tasks' ids.

    Imported responses have no samples, so there is nothing to measure their doubts by; they are left out.
    """
    answered = {answer.task_id for answer in answers}
    images = {task.image_id for task in tasks if task.id in answered}
    examples: list[Example] = []
    seen: set[str] = set()
    for key in sample_folders(blobs):
        sampled = read_sampled(blobs, key, images, entropy_weight, extractor)
        fresh = {id: one for id, one in sampled.items() if id not in seen}
        seen |= set(fresh)
        examples += [replace(example, samples=key) for example in label(answers, tasks, fresh)]
    return examples
