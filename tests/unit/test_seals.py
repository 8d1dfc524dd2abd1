"""Checkpoints that training goes on from: only what the job itself wrote is loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from redraft.errors import StorageError
from redraft.train.seals import check_seals, seal

KEY, OTHER = b"k" * 32, b"o" * 32


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """Two ranks' files in one folder, as Ray Train merges them."""
    merged = tmp_path / "checkpoint_000001"
    for rank, files in enumerate([("steps.json", "deepspeed/shard-0.pt"), ("deepspeed/shard-1.pt",)]):
        own = tmp_path / f"rank-{rank}"
        for name in files:
            (own / name).parent.mkdir(parents=True, exist_ok=True)
            (own / name).write_text(f"{name} of rank {rank}")
        seal(own, KEY, rank)
        for file in [path for path in own.rglob("*") if path.is_file()]:
            (merged / file.relative_to(own)).parent.mkdir(parents=True, exist_ok=True)
            file.rename(merged / file.relative_to(own))
    return merged


def test_what_the_ranks_wrote_is_taken(checkpoint: Path) -> None:
    check_seals(checkpoint, KEY)


def test_a_changed_shard_is_not_loaded(checkpoint: Path) -> None:
    (checkpoint / "deepspeed/shard-1.pt").write_text("code of somebody else")
    with pytest.raises(StorageError, match=r"shard-1\.pt is another.*begins anew"):
        check_seals(checkpoint, KEY)


def test_a_file_that_nobody_sealed_is_not_loaded(checkpoint: Path) -> None:
    (checkpoint / "deepspeed/shard-2.pt").write_text("code of somebody else")
    with pytest.raises(StorageError, match=r"shard-2\.pt is another"):
        check_seals(checkpoint, KEY)


def test_a_forged_list_is_not_believed(checkpoint: Path) -> None:
    """Whoever writes a shard and a list of its hash still lacks the key."""
    (checkpoint / "deepspeed/shard-1.pt").write_text("code of somebody else")
    forged = checkpoint / "seal-1.json"
    forged.unlink()
    elsewhere = checkpoint.parent / "forger"
    (elsewhere / "deepspeed").mkdir(parents=True)
    (elsewhere / "deepspeed/shard-1.pt").write_text("code of somebody else")
    seal(elsewhere, OTHER, 1)
    (elsewhere / "seal-1.json").rename(forged)
    with pytest.raises(StorageError, match="not signed by this job"):
        check_seals(checkpoint, KEY)


@pytest.mark.parametrize("lost", ["deepspeed/shard-0.pt", "steps.json"])
def test_a_missing_file_is_missed(checkpoint: Path, lost: str) -> None:
    (checkpoint / lost).unlink()
    with pytest.raises(StorageError, match="is missing"):
        check_seals(checkpoint, KEY)
    check_seals(checkpoint, KEY, whole=False)


def test_without_seals_nothing_is_loaded(checkpoint: Path) -> None:
    for path in checkpoint.glob("seal-*.json"):
        path.unlink()
    with pytest.raises(StorageError, match="is another"):
        check_seals(checkpoint, KEY)
    with pytest.raises(StorageError, match="is missing"):
        (empty := checkpoint / "empty").mkdir()
        check_seals(empty, KEY)


def test_a_damaged_seal_is_a_sentence(checkpoint: Path) -> None:
    (checkpoint / "seal-0.json").write_text("{")
    with pytest.raises(StorageError, match=r"seal-0\.json .* damaged"):
        check_seals(checkpoint, KEY)
