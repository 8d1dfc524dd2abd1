"""EVALUATING and PROMOTING: measure a policy on the held-out splits, and decide between candidate and incumbent."""

from __future__ import annotations

import logging

import pyarrow as pa
import pyarrow.compute as pc

from redraft.blobs import open_blobs
from redraft.canary import with_canary
from redraft.config import Config
from redraft.evaluate import evaluate
from redraft.evaluate.outcomes import SCHEMA, read_outcomes, write_outcomes
from redraft.images import decode_image
from redraft.policy import GenerationSettings, encode_prompts, generate, load_policy
from redraft.pool import Request, evaluation_requests
from redraft.promote import decide
from redraft.records import Canary, Outcome, Split, Verdict
from redraft.world import TYPICAL, outcome, scene_of
from redraft_actors.context import RunContext
from redraft_actors.pools import map_on_warm_workers, request_table

SPLITS = (Split.DEV, Split.TEST)

_log = logging.getLogger(__name__)


class Evaluator:
    """Greedy answers, judged against the exact truth of the picture world."""

    def __init__(self, policy_path: str, blobs_url: str, config: Config) -> None:
        import torch

        torch.set_num_threads(1)
        self.policy = load_policy(policy_path, config.policy.device, config.policy.dtype)
        self.blobs, self.config = open_blobs(blobs_url), config
        _log.info("measures the policy in %s, on %s", policy_path, self.policy.device)

    def __call__(self, batch: pa.Table) -> pa.Table:
        """Requests in, one outcome a request out, with its split."""
        requests = [Request.model_validate(row) for row in batch.to_pylist()]
        rows = [o.model_dump(mode="json") for o in self.judge(requests)]
        table = pa.Table.from_pylist(rows, schema=SCHEMA)
        return table.append_column("split", pa.array([str(r.split) for r in requests]))

    def judge(self, requests: list[Request]) -> list[Outcome]:
        """One outcome a request."""
        limit = self.config.images.max_pixels
        images = [decode_image(self.blobs.get(r.blob), limit) for r in requests]
        prompts = encode_prompts(self.policy, images, [r.prompt for r in requests])
        settings = GenerationSettings(self.config.policy.max_new_tokens)
        answers = generate(self.policy, prompts, settings, [r.seed for r in requests])
        return [
            outcome(r.image_id, scene_of(r.origin), r.prompt, answer.text)
            for r, answer in zip(requests, answers, strict=True)
        ]


def evaluate_policy(run: RunContext, number: int, policy_id: str) -> None:
    """Measure a policy on both splits, once, and store outcomes and figures."""
    done = {e.split for e in run.store.evaluations(policy_id)}
    missing = [split for split in SPLITS if split not in done]
    if not missing:
        return
    requests = [r for split in missing for r in evaluation_requests(run.config, run.store, run.blobs, split)]
    requests.sort(key=lambda r: r.prompt != run.config.prompts.describe)
    c = run.config.evaluate
    with run.timed(number, "evaluate", len(requests), "responses") as detail:
        table = pa.concat_tables(
            map_on_warm_workers(
                request_table(requests),
                Evaluator,
                {
                    "policy_path": run.policy_address(policy_id),
                    "blobs_url": run.blobs.url,
                    "config": run.config,
                },
                batch_size=c.batch_size,
                actors=c.actors,
                cpus=c.cpus_per_actor,
                gpus=c.gpus_per_actor,
            ).iter_batches(batch_size=None, batch_format="pyarrow")
        )
        detail["responses"] = len(requests)
        for split in missing:
            rows = table.filter(pc.equal(table["split"], str(split))).select(SCHEMA.names)
            _store_evaluation(run, policy_id, split, [Outcome.model_validate(row) for row in rows.to_pylist()])


def compared(run: RunContext, candidate: str, incumbent: str) -> Verdict:
    """What the development split says about candidate and incumbent."""
    return decide(
        _outcomes(run, candidate),
        _outcomes(run, incumbent),
        run.config.promote,
        candidate_id=candidate,
        incumbent_id=incumbent,
        bootstrap=run.config.evaluate.bootstrap,
        seed=run.config.seed,
    )


def decide_round(run: RunContext, number: int, candidate: str, incumbent: str, canary: Canary | None = None) -> Verdict:
    """Act on what was measured, and on how the candidate did as a canary if it was one; people's decisions stand."""
    with run.timed(number, "promote") as detail:
        verdict = run.store.settle(with_canary(compared(run, candidate, incumbent), canary))
        run.store.add_verdict(number, verdict)
        detail["promoted"] = int(verdict.promoted)
    return verdict


def _store_evaluation(run: RunContext, policy_id: str, split: Split, outcomes: list[Outcome]) -> None:
    blob = f"evaluations/{policy_id}-{split}.parquet"
    run.blobs.put(blob, write_outcomes(outcomes))
    run.store.add_evaluation(
        evaluate(
            outcomes,
            policy=policy_id,
            split=split,
            typical=TYPICAL,
            bootstrap=run.config.evaluate.bootstrap,
            seed=run.config.seed,
            blob=blob,
        )
    )


def _outcomes(run: RunContext, policy_id: str) -> list[Outcome]:
    evaluation = next(e for e in run.store.evaluations(policy_id) if e.split == Split.DEV)
    return read_outcomes(run.blobs.get(evaluation.blob))
