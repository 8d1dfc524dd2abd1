"""SAMPLING: draw k responses per image on an actor pool, score them, and route the doubtful ones to people."""

from __future__ import annotations

import logging
import random
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from redraft.blobs import open_blobs
from redraft.config import Config
from redraft.engines import Generation, SampleRequest
from redraft.engines.blocks import BLOCK_COLUMN, BlockFolder, cut_blocks
from redraft.engines.opening import generation_settings, open_engine
from redraft.judged_claims import open_claims
from redraft.pool import Request, round_requests
from redraft.records import Response, ResponseScore, Task, TaskState, stable_id
from redraft.responses import scored_from_table, scored_table
from redraft.routing import Budget, candidate_of, fit_effort, open_strategy, route
from redraft.uncertainty import score_response
from redraft_actors.context import RunContext
from redraft_actors.pools import map_on_actors, request_table
from redraft_actors.probing import rescored
from redraft_actors.standing import key_of_samples

_log = logging.getLogger(__name__)


class Sampler:
    """Draws and scores; one instance asks for one policy version, and a response never mixes two."""

    def __init__(self, policy_path: str, policy_id: str, number: int, blobs_url: str, config: Config) -> None:
        if config.sample.engine == "local":
            import torch

            torch.set_num_threads(1)
        self.engine = open_engine(config, policy_path, policy_id)
        self.policy_id, self.number, self.config = policy_id, number, config
        self.settings = generation_settings(config)
        self.blobs = open_blobs(blobs_url)
        self.claims = open_claims(config.uncertainty)
        _log.info("samples %s by the %s engine, %d a picture", policy_id, config.sample.engine, self.settings.k)

    def __call__(self, batch: pa.Table) -> pa.Table:
        """Requests with their blocks in; out ``RESPONSE_SCHEMA``, k rows a request, with the blocks."""
        requests = [Request.model_validate(row) for row in batch.drop_columns([BLOCK_COLUMN]).to_pylist()]
        blocks = [name for name in batch[BLOCK_COLUMN].to_pylist() for _ in range(self.settings.k)]
        return scored_table(self.sample(requests)).append_column(BLOCK_COLUMN, pa.array(blocks))

    def sample(self, requests: Sequence[Request]) -> list[tuple[Response, ResponseScore | None]]:
        """k responses a request; the first, which may be routed, is scored against its siblings."""
        asked = [SampleRequest(self.blobs.get(r.blob), r.prompt, r.seed) for r in requests]
        scored: list[tuple[Response, ResponseScore | None]] = []
        for request, sampled in zip(requests, self.engine.sample(asked, self.settings), strict=True):
            responses = [self._response(request, sample, g) for sample, g in enumerate(sampled.generations)]
            first, others = responses[0], responses[1:]
            scored.append((first, score_response(first, others, self.config.route.entropy_weight, self.claims)))
            scored += [(other, None) for other in others]
        if self.config.uncertainty.image_ablation:
            from redraft_actors.ablating import ablated

            return ablated(self.engine, [a.image for a in asked], scored, self.config.images.max_pixels)
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


def sample_round(run: RunContext, number: int, policy_id: str, refill: int = 0) -> str:
    """Draw the samples of a round, or of one of its refills, into the blob store, once; the key of their folder."""
    key = key_of_samples(number, policy_id, refill)
    if run.blobs.exists(key):
        return key
    requests = round_requests(run.config, run.store, run.blobs, number, refill)
    blocks = cut_blocks(requests, run.config, policy_id, number)
    # Not emptied, as other staging folders are: blocks that are whole are not sampled again.
    staging = run.folder.root / "staging" / "samples"
    with run.timed(number, "sample", len(requests), "images") as detail:
        folder = BlockFolder(staging, blocks)
        detail["images"] = len(requests)
        detail["blocks_kept"] = len(blocks) - len(folder.missing)
        if detail["blocks_kept"]:
            _log.info("sampling goes on: %d of %d blocks are there", detail["blocks_kept"], len(blocks))
        if folder.missing:
            _sample_blocks(run, number, policy_id, folder)
    run.blobs.publish_folder(key, staging)
    return key


def _sample_blocks(run: RunContext, number: int, policy_id: str, folder: BlockFolder) -> None:
    """Have the blocks drawn that are missing, and write each as soon as it comes, in whatever order."""
    c = run.config.sample
    table = request_table([request for block in folder.missing for request in block.requests])
    names = [block.name for block in folder.missing for _ in block.requests]
    dataset = map_on_actors(
        table.append_column(BLOCK_COLUMN, pa.array(names)),
        Sampler,
        {
            "policy_path": run.policy_address(policy_id),
            "policy_id": policy_id,
            "number": number,
            "blobs_url": run.blobs.url,
            "config": run.config,
        },
        batch_size=c.images_per_block,
        actors=c.actors,
        cpus=c.cpus_per_actor,
        gpus=c.gpus_per_actor,
        accelerator_type=c.accelerator_type,
    )
    dataset.context.execution_options.preserve_order = False
    for drawn in dataset.iter_batches(batch_size=None, batch_format="pyarrow"):
        folder.add(drawn)


def route_round(run: RunContext, number: int, samples_key: str, refill: int = 0) -> int:
    """Put the most doubtful of the samples, and a random arm, on the worklist; how many tasks there are."""
    with run.timed(number, "route") as detail:
        first = _first_samples(run.blobs.path(samples_key))
        first = rescored(run, number, samples_key, first, detail)
        c = run.config.route
        effort = fit_effort(run.store.corrections())
        seed = run.config.seed * 1000 + number + 1_000_003 * refill
        routed = route(
            [candidate_of(response, score, effort) for response, score in first.values()],
            strategy=open_strategy(c, seed + 1),
            budget=Budget(tasks=c.budget, minutes=c.minutes),
            random_share=c.random_share,
            seed=seed,
        )
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
