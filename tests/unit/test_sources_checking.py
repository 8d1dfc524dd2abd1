"""A row against the policy: what changed is marked, what does not suit says why, and all of it is written down."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from PIL import Image

from redraft.blobs import content_key, open_blobs
from redraft.config import Config, ObjectiveConfig, TrainConfig
from redraft.errors import DataError, StorageError
from redraft.policy import Policy
from redraft.records import Span, stable_id
from redraft.sources import BadRow, SourcePair, SourceRow
from redraft.sources.checking import PREPARED_SCHEMA, PreparedPair, check_row
from redraft.train.encode import PairTokens
from redraft.world import builtin_policy
from redraft_actors.preparing import PrepareJob, prepare_alone

LIMIT = 10**6


def png() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (24, 16), "red").save(buffer, "PNG")
    return buffer.getvalue()


def source_pair(image: bytes | None = None, **changes: Any) -> SourcePair:
    row = SourcePair(
        source="s", index=5, where="s row 6", prompt="What is there?", image=image or png(),
        chosen="There is a red dog near the bench.", rejected="It is dark. There is a blue cat near the bench.",
    )  # fmt: skip
    return row.model_copy(update=changes)


def marked(policy: Policy, side: PairTokens) -> str:
    ids = [id for id, changed in zip(side.ids, side.changed, strict=True) if changed]
    return " ".join(str(policy.tokenizer.decode(ids)).split())


def checked(policy: Policy, row: SourcePair, **train: Any) -> PreparedPair:
    made = check_row(policy, row, TrainConfig(**train), LIMIT)
    assert isinstance(made, PreparedPair), made
    return made


def test_a_good_row_becomes_a_pair_with_its_changed_words(policy: Policy) -> None:
    row = source_pair()
    made = checked(policy, row)
    assert made.pair.id == stable_id("pair", made.pair.image_id, row.prompt, row.chosen, row.rejected)
    assert (made.pair.correction_id, made.pair.annotator, made.pair.round) == ("s:5", "import", 0)
    assert made.pair.blob == content_key("images", png(), ".png")
    assert (marked(policy, made.chosen), marked(policy, made.rejected)) == ("red dog", "It is dark. blue cat")
    assert made.longest == made.prompt_tokens + len(made.rejected.ids)


def test_the_released_diff_leaves_out_what_was_only_deleted(policy: Policy) -> None:
    made = checked(policy, source_pair(), objective=ObjectiveConfig.model_validate({"preset": "released"}))
    assert (marked(policy, made.chosen), marked(policy, made.rejected)) == ("red dog", "blue cat")


def test_edits_that_came_with_the_pair_are_taken(policy: Policy) -> None:
    row = source_pair(chosen_spans=(Span(start=12, end=13),), rejected_spans=())
    made = checked(policy, row)
    assert (marked(policy, made.chosen), marked(policy, made.rejected)) == ("red", "")


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (source_pair(image=b"no picture"), "image is not an image"),
        (source_pair(image=png()[:60]), "image is damaged or cut off"),
        (source_pair(chosen="A dog.</s> More."), "chosen holds '</s>'"),
        (source_pair(chosen="A dog. " * 100), "tokens with its prompt, over train.max_tokens 150"),
        (BadRow(index=5, where="s row 6", reason="as it was"), "as it was"),
    ],
)
def test_a_row_that_does_not_suit_says_why(policy: Policy, row: SourceRow, says: str) -> None:
    made = check_row(policy, row, TrainConfig(max_tokens=150), LIMIT)
    assert isinstance(made, BadRow) and says in made.reason
    assert (made.index, made.where) == (5, "s row 6")


GOOD: dict[str, Any] = {"prompt": "What is there?", "chosen": "A red dog.", "rejected": "A cat.", "image": "a.png"}


def jsonl(folder: Path, rows: Iterator[dict[str, Any]]) -> Path:
    folder.mkdir()
    (folder / "a.png").write_bytes(png())
    (folder / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder / "a.jsonl"


def job(source: Path, scratch: Path) -> PrepareJob:
    return PrepareJob(Config(), builtin_policy(), source, str(scratch / "blobs"), scratch / "out")


def test_prepared_pairs_their_pictures_and_the_bad_rows_are_written(tmp_path: Path) -> None:
    def rows() -> Iterator[dict[str, Any]]:
        yield from ({**GOOD, "chosen": f"A red dog and {index} cups."} for index in range(3))
        yield from ({**GOOD, "image": f"none{index}.png"} for index in range(1100))
        yield {**GOOD, "image": {"path": "a.png"}}

    source = jsonl(tmp_path / "data", rows())
    made = prepare_alone(job(source, tmp_path))
    table = pq.read_table(made.folder).sort_by("source_index")
    assert table.schema.equals(PREPARED_SCHEMA)
    assert table["source_index"].to_pylist() == [0, 1, 2, 1103]
    assert (made.pairs, made.bad_rows, len(made.bad), made.bad[0].index) == (4, 1100, 1000, 3)
    written = [BadRow.model_validate_json(line) for line in made.bad_file.read_text().splitlines()]
    assert [bad.index for bad in written] == list(range(3, 1103)) and tuple(written[:1000]) == made.bad
    assert made.tokens.chosen == sum(len(ids) for ids in table["chosen_ids"].to_pylist())
    assert made.tokens.rejected_changed == sum(sum(side) for side in table["rejected_changed"].to_pylist())
    blobs = open_blobs(str(tmp_path / "blobs"))
    assert blobs.list() == sorted(set(table["blob"].to_pylist())) and blobs.get(blobs.list()[0]) == png()
    with pytest.raises(StorageError, match="is not empty"):
        prepare_alone(job(source, tmp_path))


def test_a_source_without_a_good_pair_is_refused(tmp_path: Path) -> None:
    bad = jsonl(tmp_path / "data", iter([{**GOOD, "image": "none.png"}]))
    with pytest.raises(DataError, match=r"all 1 rows are bad, the first \(a\.jsonl line 1\) because .*does not exist"):
        prepare_alone(job(bad, tmp_path))
