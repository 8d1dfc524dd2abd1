"""Fixtures that more than one layer uses: the shipped policy, and small datasets made with it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from redraft.blobs import Blobs, open_blobs
from redraft.config import Config
from redraft.policy import Policy
from redraft.records import Edit, HallucinationType, PreferencePair, Split
from redraft.segments import apply_edits, changed_spans
from redraft.world import builtin_policy, judge, render, scene_at

if TYPE_CHECKING:
    from redraft.train.encode import TrainingExample


@pytest.fixture(scope="session")
def policy() -> Policy:
    """The shipped policy on one CPU thread; tests must not change its weights."""
    import torch

    from redraft.policy import load_policy

    torch.set_num_threads(1)
    return load_policy(builtin_policy(), device="cpu")


@pytest.fixture(scope="session")
def blobs(tmp_path_factory: pytest.TempPathFactory) -> Blobs:
    """A blob store with the pictures that ``pairs`` are about."""
    store = open_blobs(str(tmp_path_factory.mktemp("blobs")))
    for index in range(12):
        buffer = io.BytesIO()
        render(scene_at(0, Split.POOL, index)).save(buffer, "PNG")
        store.put(f"images/{index}.png", buffer.getvalue())
    return store


@pytest.fixture(scope="session")
def pairs(blobs: Blobs) -> list[PreferencePair]:
    """Twelve pairs: true claims about a picture, with one noun phrase in each made wrong."""
    from redraft.world import true_answer

    made = []
    for index in range(12):
        scene = scene_at(0, Split.POOL, index)
        prompt = "Describe this image in detail."
        chosen = true_answer(scene, prompt)
        claim = judge(scene, prompt, chosen)[0]
        wrong = Edit(
            start=claim.span.start, end=claim.span.end, replacement="three tents", type=HallucinationType.OBJECT
        )
        rejected = apply_edits(chosen, [wrong])
        chosen_spans, rejected_spans = changed_spans(chosen, [wrong])
        made.append(
            PreferencePair(
                id=f"pair-{index:02d}",
                correction_id=f"correction-{index}",
                image_id=f"image-{index}",
                blob=f"images/{index}.png",
                prompt=prompt,
                chosen=chosen,
                rejected=rejected,
                chosen_spans=chosen_spans,
                rejected_spans=rejected_spans,
                annotator="ann",
                round=1,
            )
        )
    return made


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory, blobs: Blobs, pairs: list[PreferencePair]) -> Path:
    """``pairs`` as a dataset version's Parquet, with the shipped policy's log-probabilities."""
    import pyarrow.parquet as pq

    from redraft_actors.building import ReferenceScorer

    folder = tmp_path_factory.mktemp("dataset")
    scorer = ReferenceScorer(str(builtin_policy()), blobs.url, Config())
    pq.write_table(scorer.encode(pairs), folder / "part.parquet")
    return folder


@pytest.fixture(scope="session")
def dataset_table(dataset: Path) -> Sequence[TrainingExample]:
    """The examples of ``dataset``."""
    from redraft.train.examples import read_examples

    return read_examples(dataset)
