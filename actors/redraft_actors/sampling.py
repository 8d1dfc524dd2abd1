"""SAMPLING: draw k responses per image on an actor pool, score them, and route the doubtful ones to people."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from redraft.blobs import open_blobs
from redraft.config import Config
from redraft.images import decode_image
from redraft.policy import Generation, GenerationSettings, encode_prompts, generate, load_policy
from redraft.pool import Request, round_requests
from redraft.records import Response, ResponseScore, Task, TaskState, stable_id
from redraft.responses import scored_from_table, scored_table
from redraft.route import Candidate, route
from redraft.uncertainty import score_response
from redraft_actors.context import RunContext
from redraft_actors.pools import map_on_actors, request_table


class Sampler:
    """Draws and scores; one instance holds one policy version, so a response never mixes two."""

    def __init__(self, policy_path: str, policy_id: str, number: int, blobs_url: str, config: Config) -> None:
        import torch

        torch.set_num_threads(1)
        self.policy = load_policy(policy_path, config.policy.device, config.policy.dtype)
        self.policy_id, self.number, self.config = policy_id, number, config
        self.blobs = open_blobs(blobs_url)

    def __call__(self, batch: pa.Table) -> pa.Table:
        """Requests in, ``RESPONSE_SCHEMA`` out: k rows a request."""
        requests = [Request.model_validate(row) for row in batch.to_pylist()]
        return scored_table(self.sample(requests))

    def sample(self, requests: Sequence[Request]) -> list[tuple[Response, ResponseScore | None]]:
        """k responses a request; the first, which may be routed, is scored against its siblings."""
        c = self.config
        images = [decode_image(self.blobs.get(r.blob), c.images.max_pixels) for r in requests]
        prompts = encode_prompts(self.policy, images, [r.prompt for r in requests])
        settings = GenerationSettings(c.policy.max_new_tokens, c.sample.k, c.sample.temperature, c.sample.top_p)
        drawn = generate(self.policy, prompts, settings, [r.seed for r in requests])
        scored: list[tuple[Response, ResponseScore | None]] = []
        for i, request in enumerate(requests):
            mine = drawn[i * c.sample.k : (i + 1) * c.sample.k]
            responses = [self._response(request, sample, g) for sample, g in enumerate(mine)]
            first, others = responses[0], responses[1:]
            scored.append((first, score_response(first, others, c.route.entropy_weight)))
            scored += [(other, None) for other in others]
        return scored

    def _response(self, request: Request, sample: int, generation: Generation) -> Response:
        return Response(
            id=stable_id("response", self.policy_id, request.image_id, request.prompt, request.seed, sample),
            image_id=request.image_id,
            prompt=request.prompt,
            text=generation.text,
            policy=self.policy_id,
            round=self.number,
            sample=sample,
            seed=request.seed,
            temperature=self.config.sample.temperature,
            top_p=self.config.sample.top_p,
            finished=generation.finished,
            trace=generation.trace,
        )


def sample_round(run: RunContext, number: int, policy_id: str) -> str:
    """Draw the round's samples into the blob store, once; the key of their Parquet folder."""
    key = f"samples/round-{number:03d}-{policy_id}"
    if run.blobs.exists(key):
        return key
    requests = round_requests(run.config, run.store, run.blobs, number)
    c = run.config.sample
    staging = run.staging("samples")
    with run.timed(number, "sample", len(requests), "images") as detail:
        dataset = map_on_actors(
            request_table(requests),
            Sampler,
            {
                "policy_path": str(run.policy_path(policy_id)),
                "policy_id": policy_id,
                "number": number,
                "blobs_url": run.blobs.url,
                "config": run.config,
            },
            batch_size=c.batch_size,
            actors=c.actors,
            cpus=c.cpus_per_actor,
            gpus=c.gpus_per_actor,
        )
        dataset.write_parquet(str(staging))
        detail["images"] = len(requests)
    run.blobs.publish_folder(key, staging)
    return key


def route_round(run: RunContext, number: int, samples_key: str) -> int:
    """Put the round's most doubtful responses, and a random arm, on the worklist; how many tasks there are."""
    with run.timed(number, "route") as detail:
        first = _first_samples(run.blobs.path(samples_key))
        candidates = [Candidate(score=score, image_id=response.image_id) for response, score in first.values()]
        c = run.config.route
        routed = route(candidates, budget=c.budget, random_share=c.random_share, seed=run.config.seed * 1000 + number)
        tasks = []
        for item in routed:
            response, score = first[item.response_id]
            tasks.append(
                Task(
                    id=stable_id("task", response.id),
                    round=number,
                    response_id=response.id,
                    image_id=response.image_id,
                    prompt=response.prompt,
                    text=response.text,
                    spans=score.spans,
                    arm=item.arm,
                    priority=item.priority,
                    policy=response.policy,
                    state=TaskState.OPEN,
                    wanted=answers_wanted(run.config, response.id),
                )
            )
        run.store.add_responses([first[task.response_id][0] for task in tasks])
        run.store.add_tasks(tasks)
        arms: dict[str, int] = defaultdict(int)
        for task in tasks:
            arms[task.arm] += 1
        detail.update(arms)
    return len(tasks)


def answers_wanted(config: Config, response_id: str) -> int:
    """How many people are asked about a response: several for ``annotate.overlap_share`` of them, always the same."""
    drawn = random.Random(f"overlap {config.seed} {response_id}").random()
    return config.annotate.overlap if drawn < config.annotate.overlap_share else 1


def _first_samples(folder: Path) -> dict[str, tuple[Response, ResponseScore]]:
    table = pq.read_table(folder, filters=[("sample", "=", 0)])
    return {response.id: (response, score) for response, score in scored_from_table(table)}
