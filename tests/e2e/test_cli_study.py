"""`redraft study`: what corrections did, on a run that has trained on them; and mistakes in studies."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from redraft.config import TrainConfig
from redraft.pairs import build_pairs, dataset_id
from redraft.policy import load_policy, save_policy
from redraft.records import DatasetVersion, PolicyStatus, PolicyVersion, Split
from redraft.world import builtin_policy
from redraft_actors.building import ReferenceScorer
from redraft_actors.train_job import JobSpec, train_alone

from .conftest import CommandLine
from .made_runs import Run, add_tasks, correct_all, make, sentence

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run whose second policy was trained on four corrections of the first one's texts."""
    train = TrainConfig(steps=6, batch_size=4, workers=1, learning_rate=2e-4)
    made = make(tmp_path_factory.mktemp("study") / "run", train=train)
    publish(made, "r00-base", lambda folder: save_policy(load_policy(builtin_policy()), folder))
    tasks = {task.id: task for task in add_tasks(made)}
    correct_all(made)
    corrections = made.store.standing_corrections()
    images = {image.id: image for image in made.store.images(Split.POOL)}
    pairs = build_pairs(corrections, tasks, images)
    key = f"datasets/{dataset_id(pairs)}"
    scorer = ReferenceScorer(str(made.blobs.path("policies/r00-base")), made.blobs.url, made.config)
    publish(made, key, lambda folder: pq.write_table(scorer.encode(pairs), folder / "part.parquet"))
    made.store.add_dataset(
        DatasetVersion(
            id=dataset_id(pairs),
            round=1,
            blob=key,
            pairs=len(pairs),
            corrections=tuple(pair.correction_id for pair in pairs),
            reference="r00-base",
            created_at=1.0,
        )
    )
    spec = JobSpec(made.config, builtin_policy(), made.blobs.path(key), made.blobs.url, seed=0)
    publish(made, "r01-better", lambda folder: train_alone(spec, folder))
    made.store.add_policy(
        PolicyVersion(
            id="r01-better",
            round=1,
            parent="r00-base",
            dataset=dataset_id(pairs),
            blob="policies/r01-better",
            status=PolicyStatus.CANDIDATE,
            config_hash="",
            code_version="",
            seed=0,
            created_at=2.0,
        )
    )
    return made


def publish(run: Run, key: str, fill: Callable[[Path], object]) -> None:
    folder = run.blobs.scratch_folder()
    fill(folder)
    run.blobs.publish_folder(key if "/" in key else f"policies/{key}", folder)


def test_a_policy_leans_to_what_it_was_trained_on(run: Run, redraft: CommandLine) -> None:
    refused = redraft("study", "correction", run.root)
    assert "no policy was promoted after the first" in sentence(refused)
    run.store.promote("r01-better")
    code, out, _ = redraft("study", "correction", run.root)
    assert code == 0 and "nats per token" in out
    (effect,) = json.loads(redraft("study", "correction", run.root, "--json")[1])
    assert (effect["policy"], effect["trained"], effect["corrections"]) == ("r01-better", True, 4)
    assert effect["lean"]["low"] > 0.5 and effect["rejected"] < -0.5
    one = run.store.standing_corrections()[0].id
    (effect,) = json.loads(redraft("study", "correction", run.root, one, "--json")[1])
    assert effect["corrections"] == 1
    assert "correction nobody is in no dataset version" in sentence(redraft("study", "correction", run.root, "nobody"))


def test_mistakes_in_a_study_are_one_sentence(redraft: CommandLine, tmp_path: Path) -> None:
    assert "configs/" in sentence(redraft("study", "scaling", tmp_path / "none.yaml"))
    file = tmp_path / "study.yaml"
    file.write_text("arms: {a: {recipe: {learning_rate: 1.0e-5}}}\nsizes: []")
    assert "sizes" in sentence(redraft("study", "scaling", file))
    file.write_text("arms: {a: {recipe: {learning_rate: 1.0e-5}}}")
    assert "holds no study" in sentence(redraft("study", "scaling", file, "--reuse", tmp_path, "--out", tmp_path / "o"))
