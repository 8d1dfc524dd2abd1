"""An annotator's unreliability on its way from the pair to the loss, and datasets that know of none."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from pydantic import ValidationError

from redraft import ddpo
from redraft.blobs import Blobs
from redraft.config import OBJECTIVE_PRESETS, ObjectiveConfig
from redraft.images import decode_image
from redraft.pairs import PAIR_SCHEMA, dataset_id, pair_from_row, pair_to_row, with_smoothing
from redraft.policy import ModelInput, Policy, TokenLogProbs, encode_prompts
from redraft.records import PreferencePair
from redraft.train.batches import PairBatch, SeenImage, collate_pairs
from redraft.train.encode import TrainingExample
from redraft.train.examples import read_examples
from redraft.train.step import pair_step


def pair(name: str, text: str = "a dog") -> PreferencePair:
    return PreferencePair(
        id=name,
        correction_id=f"correction {name}",
        image_id="i1",
        blob="b",
        prompt="p",
        chosen=text,
        rejected="a cat",
        chosen_spans=None,
        rejected_spans=None,
        annotator="ann",
        round=1,
    )


def softplus(x: float) -> float:
    return math.log1p(math.exp(x))


def test_each_pair_has_its_own_expected_loss() -> None:
    """Margins 2 and -1, beta 0.5; one preference in five is the wrong way in the first pair, none in the second."""
    ones = torch.ones(2, dtype=torch.float64)
    margins = torch.tensor([2.0, -1.0], dtype=torch.float64)
    smoothing = torch.tensor([0.2, 0.0], dtype=torch.float64)
    losses = ddpo.loss(margins, 0 * ones, 0 * ones, 0 * ones, beta=0.5, label_smoothing=smoothing)
    by_hand = [0.8 * softplus(-1.0) + 0.2 * softplus(1.0), softplus(0.5)]
    assert losses.tolist() == pytest.approx(by_hand, abs=1e-12)
    alike = ddpo.loss(margins, 0 * ones, 0 * ones, 0 * ones, beta=0.5, label_smoothing=0.2 * ones)
    plain = ddpo.loss(margins, 0 * ones, 0 * ones, 0 * ones, beta=0.5, label_smoothing=0.2)
    assert torch.equal(alike, plain)


def test_a_dataset_without_smoothing_has_the_id_it_always_had() -> None:
    """The id was computed before pairs knew of any smoothing."""
    old = [p.model_copy(update={"correction_id": "c"}) for p in (pair("a"), pair("b", text="two dogs"))]
    assert dataset_id(old) == "a78f08b6596200cc10104815"
    smoothed = with_smoothing(old, {"c": 0.1})
    assert [p.smoothing for p in smoothed] == [0.1, 0.1]
    others = [with_smoothing(old, {"c": value}) for value in (0.0, 0.2)]
    assert len({dataset_id(pairs) for pairs in (old, smoothed, *others)}) == 4
    assert with_smoothing(old, {}) == old


def test_smoothing_survives_parquet_and_may_be_missing() -> None:
    for original in (pair("a"), with_smoothing([pair("a")], {"correction a": 0.1375})[0]):
        (row,) = pa.Table.from_pylist([pair_to_row(original)], schema=PAIR_SCHEMA).to_pylist()
        assert pair_from_row(row) == original
    del row["smoothing"]
    assert pair_from_row(row) == pair("a")
    with pytest.raises(ValidationError):
        PreferencePair.model_validate(pair("a").model_dump() | {"smoothing": 0.5})


def test_reliability_is_off_in_every_preset() -> None:
    assert not any(ObjectiveConfig.model_validate({"preset": name}).reliability for name in OBJECTIVE_PRESETS)


def with_column(dataset: Path, folder: Path, values: Sequence[float | None] | None) -> Path:
    """The dataset with another smoothing, or, as older ones are, without that column."""
    table = pq.read_table(dataset).drop_columns(["smoothing"])
    if values is not None:
        table = table.append_column("smoothing", pa.array(values, pa.float64()))
    folder.mkdir()
    pq.write_table(table, folder / "part.parquet")
    return folder


def batch_of(policy: Policy, examples: Sequence[TrainingExample], blobs: Blobs) -> PairBatch:
    images = [decode_image(blobs.get(e.blob), 10**6) for e in examples]
    seen = [SeenImage(p) for p in encode_prompts(policy, images, [e.prompt for e in examples])]
    return collate_pairs(examples, seen, policy.pad_id)


@torch.no_grad()
def loss_of(policy: Policy, batch: PairBatch, **switches: object) -> float:
    model = TokenLogProbs(policy.model, policy.family)

    def log_probs(inputs: ModelInput) -> torch.Tensor:
        logps: torch.Tensor = model(inputs)
        return logps

    return float(pair_step(log_probs, batch, ObjectiveConfig.model_validate({"preset": "paper", **switches})).loss)


def test_older_datasets_train_as_they_did(policy: Policy, dataset: Path, blobs: Blobs, tmp_path: Path) -> None:
    """Without the column, and with one that nobody filled, a batch holds no smoothing; the losses are the same bits."""
    rows = pq.read_table(dataset).num_rows
    old = read_examples(with_column(dataset, tmp_path / "old", None))
    new = read_examples(with_column(dataset, tmp_path / "new", [None] * rows))
    assert list(old) == list(new) == list(read_examples(dataset))
    batches = [batch_of(policy, examples[:4], blobs) for examples in (old, new)]
    assert [batch.smoothing for batch in batches] == [None, None]
    first, second = (loss_of(policy, batch, label_smoothing=0.1) for batch in batches)
    assert first == second


def test_a_step_smooths_each_pair_by_its_own_or_the_objectives(
    policy: Policy, dataset: Path, blobs: Blobs, tmp_path: Path
) -> None:
    values = [0.0, 0.3, None, 0.05] + [0.0] * (pq.read_table(dataset).num_rows - 4)
    examples = [
        replace(e, chosen_reference=tuple(x - 0.1 for x in e.chosen_reference))
        for e in read_examples(with_column(dataset, tmp_path / "smoothed", values))[:4]
    ]
    assert [e.smoothing for e in examples] == [0.0, 0.3, 0.0, 0.05]
    batch = batch_of(policy, examples, blobs)
    alone = [batch_of(policy, [replace(e, smoothing=0.0)], blobs) for e in examples]
    for floor, expected in ((0.0, [0.0, 0.3, 0.0, 0.05]), (0.1, [0.1, 0.3, 0.1, 0.1])):
        by_hand = [loss_of(policy, b, label_smoothing=e) for b, e in zip(alone, expected, strict=True)]
        assert loss_of(policy, batch, label_smoothing=floor) == pytest.approx(sum(by_hand) / 4, abs=1e-6)
    assert loss_of(policy, batch) != pytest.approx(loss_of(policy, replace(batch, smoothing=None)), abs=1e-4)
    assert batch.to(torch.device("cpu")).smoothing is not None
