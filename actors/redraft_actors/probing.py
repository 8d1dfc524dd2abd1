"""The order of a round's responses, from what people said about earlier rounds'."""

from __future__ import annotations

from redraft.judged_claims import open_claims
from redraft.records import Response, ResponseScore
from redraft.uncertainty.examples import read_examples, read_sampled
from redraft.uncertainty.scorer import Scorer, choose_scorer, read_scorer, scorer_key
from redraft_actors.context import RunContext

Scored = dict[str, tuple[Response, ResponseScore]]


def rescored(
    run: RunContext, number: int, samples_key: str, first: Scored, detail: dict[str, float | int | str]
) -> Scored:
    """The round's first samples, scored by its scorer, which is fitted once and kept beside the samples.

    ``detail`` learns what it is and where it lies.
    """
    if not first:
        return first
    policy = next(iter(first.values()))[0].policy
    scorer = round_scorer(run, number, samples_key, policy)
    detail |= _told(scorer, samples_key)
    if scorer.name == "mixture":
        return first
    images = {response.image_id for response, _ in first.values()}
    weight, extractor = run.config.route.entropy_weight, open_claims(run.config.uncertainty)
    sampled = read_sampled(run.blobs, samples_key, images, weight, extractor)
    return {id: (response, scorer.score(sampled[id])) for id, (response, _) in first.items()}


def round_scorer(run: RunContext, number: int, samples_key: str, policy: str) -> Scorer:
    """Fit the round's scorer, or read it: a step that is done again orders the round as before."""
    key = scorer_key(samples_key)
    if not run.blobs.exists(key):
        run.blobs.put(key, _fitted(run, number, policy).model_dump_json(indent=1).encode())
    return read_scorer(run.blobs.get(key), key)


def _fitted(run: RunContext, number: int, policy: str) -> Scorer:
    config = run.config
    answers = [answer for answer in run.store.corrections() if answer.round < number]
    tasks = run.store.tasks()
    extractor = open_claims(config.uncertainty)
    examples = read_examples(run.blobs, answers, tasks, config.route.entropy_weight, extractor) if answers else []
    return choose_scorer(examples, config.uncertainty, policy, probe=config.route.strategy != "uncertainty")


def _told(scorer: Scorer, samples_key: str) -> dict[str, float | int | str]:
    told: dict[str, float | int | str] = {
        "scorer": scorer.name,
        "scorer_blob": scorer_key(samples_key),
        "labelled": scorer.labelled,
    }
    if scorer.probe is not None:
        told["claim_calibration"] = scorer.probe.claim_calibration.method
        told["response_calibration"] = scorer.probe.response_calibration.method
    return told
