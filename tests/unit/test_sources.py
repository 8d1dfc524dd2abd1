"""Other people's preference data: every format is read as a stream, and every row that cannot be used says why."""

from __future__ import annotations

import base64
import io
import json
import os
import tracemalloc
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from redraft.blobs import content_key, open_blobs
from redraft.errors import DataError
from redraft.pairs import PAIR_SCHEMA, pair_to_row
from redraft.records import PreferencePair, Span
from redraft.sources import BadRow, Source, SourcePair, SourceRow, read_source

LIMIT = 10**6
IMAGE_STRUCT = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def png(colour: str = "red") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (24, 16), colour).save(buffer, "PNG")
    return buffer.getvalue()


def said(role: str, *parts: str | None) -> list[dict[str, Any]]:
    content = [{"type": "image", "text": None} if p is None else {"type": "text", "text": p} for p in parts]
    return [{"role": role, "content": content}]


GOOD: dict[str, Any] = {"prompt": "What is there?", "chosen": "A red dog.", "rejected": "A cat.", "image": "a.png"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with one picture, and a secret beside it."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "a.png").write_bytes(png())
    (tmp_path / "secret.png").write_bytes(png("blue"))
    return data


def jsonl(path: Path, rows: Iterable[object]) -> Path:
    path.write_bytes(b"".join((row if isinstance(row, bytes) else json.dumps(row).encode()) + b"\n" for row in rows))
    return path


def rows_of(path: Path, **options: str) -> list[SourceRow]:
    return list(read_source(path, max_pixels=LIMIT, **options))


def pairs_of(path: Path, **options: str) -> list[SourcePair]:
    rows = rows_of(path, **options)
    assert not [row for row in rows if isinstance(row, BadRow)]
    return [row for row in rows if isinstance(row, SourcePair)]


def texts(row: SourceRow) -> tuple[str, str, str, bytes]:
    assert isinstance(row, SourcePair)
    return row.prompt, row.chosen, row.rejected, row.image


def test_rlhf_v_is_read_from_a_folder_in_the_order_of_its_files(folder: Path) -> None:
    answers = {"question": "<image>\nWhat is it?", "chosen": " A dog.", "rejected": "A cat.\n"}
    common = {"ds_name": "RLHF-V", "origin_dataset": "x", "origin_split": "{}", "idx": 1, "image_path": "a.png"}
    as_json = {**common, "text": json.dumps(answers), "image": {"bytes": png(), "path": "gone.png"}}
    pq.write_table(pa.Table.from_pylist([as_json, {**as_json, "image": None}]), folder / "1.parquet")
    as_struct = pa.table({"text": [answers], "image": pa.array([png("blue")])})
    pq.write_table(as_struct, folder / "2.parquet")
    rows = rows_of(folder)
    assert [(row.index, row.where) for row in rows] == [
        (0, "1.parquet row 1"),
        (1, "1.parquet row 2"),
        (2, "2.parquet row 1"),
    ]
    assert [texts(row)[3] for row in rows] == [png(), png(), png("blue")]
    assert {texts(row)[:3] for row in rows} == {("What is it?", "A dog.", "A cat.")}


@pytest.mark.parametrize(
    "row",
    [
        ({"prompt": "Is it?", "chosen": "Yes.", "rejected": "No.", "images": [{"bytes": png(), "path": None}]}),
        ({"prompt": "Is it?", "chosen": "Yes.", "rejected": "No.", "image": {"bytes": None, "path": "a.png"}}),
        ({"prompt": "Is it?<image>", "chosen": "Yes.", "rejected": "No.", "images": ["a.png"], "image": None}),
        (
            {
                "prompt": said("user", None, "Is", " it?"),
                "chosen": said("assistant", "Yes."),
                "rejected": [{"role": "assistant", "content": [{"type": "text", "text": "No."}]}],
                "images": [{"bytes": png(), "path": None}],
            }
        ),
    ],
    ids=["plain", "path", "paths", "messages"],
)
def test_trl_is_read_from_parquet(folder: Path, row: dict[str, Any]) -> None:
    pq.write_table(pa.Table.from_pylist([row]), folder / "train.parquet")
    assert [texts(pair) for pair in pairs_of(folder)] == [("Is it?", "Yes.", "No.", png())]


def test_trl_is_read_from_json_lines_and_keeps_its_kind(folder: Path) -> None:
    uri = "data:image/png;base64," + base64.b64encode(png()).decode()
    messages = {
        "prompt": [{"role": "user", "content": "<image>What is there?"}],
        "chosen": [{"role": "assistant", "content": "A red dog."}],
        "rejected": "A cat.",
    }
    rows = [{**GOOD, "image": uri}, {**messages, "images": ["a.png"], "kind": "ranking"}, GOOD]
    pairs = pairs_of(jsonl(folder / "any name", rows))
    assert {texts(pair) for pair in pairs} == {("What is there?", "A red dog.", "A cat.", png())}
    assert [pair.kind for pair in pairs] == ["correction", "ranking", "correction"]
    assert pairs[0].chosen_spans is None and pairs[0].source == "any name"


def version_in(blobs_folder: Path, row_changes: list[dict[str, Any]]) -> Path:
    key = content_key("images", png(), ".png")
    open_blobs(str(blobs_folder)).put(key, png())
    pair = PreferencePair(
        id="p", correction_id="c", image_id="i", blob=key, prompt="Is it?", chosen=" Yes. ", rejected="No.",
        chosen_spans=(Span(start=1, end=4),), rejected_spans=None, annotator="ann", round=3,
    )  # fmt: skip
    version = blobs_folder / "datasets" / "abc-def"
    version.mkdir(parents=True)
    rows = [{**pair_to_row(pair), **changes} for changes in row_changes]
    pq.write_table(pa.Table.from_pylist(rows, schema=PAIR_SCHEMA), version / "part.parquet")
    return version


def test_a_dataset_version_keeps_texts_and_changed_characters(tmp_path: Path) -> None:
    run = tmp_path / "run" / "blobs"
    version = version_in(run, [{"smoothing": 0.25}])
    (pair,) = pairs_of(version)
    assert pair.smoothing == 0.25, "what was estimated of the annotator goes with the pair"
    assert texts(pair) == ("Is it?", " Yes. ", "No.", png())
    assert (pair.chosen_spans, pair.rejected_spans) == ((Span(start=1, end=4),), None)
    moved = tmp_path / "elsewhere"
    version.rename(moved)
    with pytest.raises(DataError, match="say where its blobs are"):
        rows_of(moved)
    with pytest.raises(DataError, match=r"blob store .* does not exist"):
        rows_of(moved, blobs=str(tmp_path / "no run"))
    assert [texts(p) for p in pairs_of(moved, blobs=str(run))] == [texts(pair)]


def test_bad_rows_of_a_dataset_version_say_why(tmp_path: Path) -> None:
    changes = [
        ({"chosen_ends": [9]}, "reaches past chosen, which has 6 characters"),
        ({"chosen_ends": [1, 2]}, "not of one length"),
        ({"chosen_starts": [-1]}, "no ranges of characters"),
        ({"smoothing": 0.5}, "from 0 to below 0.5"),
        ({"blob": "images/../../secret"}, "is not a blob key"),
        ({"blob": "images/none.png"}, "holds no images/none.png"),
        ({"blob": "images"}, "is a folder"),
        ({"kind": "guess"}, "must be correction or ranking"),
    ]
    rows = rows_of(version_in(tmp_path / "blobs", [change for change, _ in changes]))
    for row, (_, says) in zip(rows, changes, strict=True):
        assert isinstance(row, BadRow) and says in row.reason


BAD: list[tuple[object, str]] = [
    (b"{not json", "not valid JSON"),
    (b"[" * 100_000, "nested too deeply"),
    (b"[1, 2]", "no JSON object"),
    (b'{"prompt": "\xff"}', "not valid JSON"),
    ({**GOOD, "prompt": None}, "prompt is missing"),
    ({**GOOD, "chosen": "  "}, "chosen is empty"),
    ({**GOOD, "rejected": 7}, "rejected is a number, not text"),
    ({**GOOD, "rejected": " A red dog."}, "the same text"),
    ({**GOOD, "chosen": "A \0 dog."}, "NUL"),
    ({**GOOD, "chosen": "A \ud800 dog."}, "no valid Unicode"),
    ({**GOOD, "prompt": "<image> and <image>"}, "about 2 pictures"),
    ({**GOOD, "prompt": "Is <image> it?"}, "between words"),
    ({**GOOD, "prompt": [{"role": "system", "content": "Be brief."}, *said("user", "Is it?")]}, "holds 2 messages"),
    ({**GOOD, "prompt": said("system", "Is it?")}, "role 'system'"),
    ({**GOOD, "chosen": said("assistant", None, "A dog.")}, "holds a picture"),
    ({**GOOD, "prompt": [{"role": "user", "content": [{"type": "video"}]}]}, "type 'video'"),
    ({**GOOD, "kind": "guess"}, "must be correction or ranking"),
    ({**GOOD, "image": None}, "there is no image"),
    ({**GOOD, "images": ["a.png", "a.png"]}, "2 images"),
    ({**GOOD, "image": 7}, "must be bytes, a path or a data URI"),
    ({**GOOD, "image": "data:image/png;base64,?"}, "no valid base64"),
    ({**GOOD, "image": "data:,a"}, "no base64 data URI"),
    ({**GOOD, "image": "none.png"}, "does not exist"),
    ({**GOOD, "image": "../secret.png"}, "outside the data folder"),
    ({**GOOD, "image": "../data/../secret.png"}, "outside the data folder"),
    ({**GOOD, "image": "/etc/hostname"}, "outside the data folder"),
    ({**GOOD, "image": "out.png"}, "outside the data folder"),
    ({**GOOD, "image": "https://example.org/a.png"}, "is an address"),
    ({**GOOD, "image": "pipe"}, "not a regular file"),
    ({**GOOD, "image": "."}, "not a regular file"),
    ({**GOOD, "image": "loop"}, "cannot be read"),
    ({**GOOD, "image": "large"}, "more than images.max_pixels allows"),
    ({**GOOD, "image": "x" * 5000}, "cannot be read"),
]


def test_every_bad_row_says_why_and_the_good_ones_between_are_read(folder: Path) -> None:
    (folder / "out.png").symlink_to(folder.parent / "secret.png")
    (folder / "in.png").symlink_to("a.png")
    (folder / "loop").symlink_to("loop")
    os.mkfifo(folder / "pipe")
    os.truncate(os.open(folder / "large", os.O_CREAT | os.O_WRONLY), 1 << 40)
    lines = [line for bad, _ in BAD for line in (bad, {**GOOD, "image": "in.png"})]
    rows = rows_of(jsonl(folder / "mixed.jsonl", lines))
    assert [row.index for row in rows] == list(range(2 * len(BAD)))
    assert {texts(row) for row in rows[1::2]} == {("What is there?", "A red dog.", "A cat.", png())}
    for row, (_, says) in zip(rows[::2], BAD, strict=True):
        assert isinstance(row, BadRow) and says in row.reason and len(row.reason) < 500, row
    assert rows[4].where == "mixed.jsonl line 5"


def test_bad_texts_in_parquet_say_why(folder: Path) -> None:
    cases: list[tuple[object, str]] = [
        (b"{", "text is not valid JSON"),
        (b"[]", "no JSON object with question, chosen and rejected"),
        (None, "text is missing"),
        (b'{"question": "Is it?", "chosen": "Yes."}', "rejected is missing"),
        (b'{"question": "\xff"}', "not valid UTF-8"),
    ]
    text = pa.array([value for value, _ in cases], pa.binary()).view(pa.string())
    image = pa.array([{"bytes": png(), "path": None}] * len(cases), IMAGE_STRUCT)
    pq.write_table(pa.table({"text": text, "image": image}), folder / "a.parquet")
    for row, (_, says) in zip(rows_of(folder), cases, strict=True):
        assert isinstance(row, BadRow) and says in row.reason


def test_an_unknown_format_names_the_columns_and_what_is_understood(folder: Path) -> None:
    pq.write_table(pa.table({"caption": ["x"], "url": ["y"]}), folder / "a.parquet")
    with pytest.raises(DataError) as raised:
        rows_of(folder)
    message = str(raised.value)
    assert "a.parquet has the columns caption, url" in message and "\n" not in message
    assert "RLHF-V needs text" in message and "TRL needs prompt" in message and "dataset version needs" in message


def test_what_is_no_data_at_all_is_one_sentence(folder: Path) -> None:
    with pytest.raises(DataError, match="holds no preference data"):
        rows_of(folder)
    with pytest.raises(DataError, match="does not exist"):
        rows_of(folder / "missing")
    with pytest.raises(DataError, match="neither Parquet nor JSON lines"):
        rows_of(folder / "a.png")
    (folder / "cut.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(DataError, match=r"cut\.parquet cannot be read as Parquet"):
        rows_of(folder)


def test_a_file_is_read_only_as_far_as_it_is_asked_for(folder: Path) -> None:
    """The second row group is damaged, which nobody learns before getting there."""
    rows = [{**GOOD, "chosen": f"A dog and {index} cups."} for index in range(200)]
    pq.write_table(pa.Table.from_pylist(rows), folder / "a.parquet", row_group_size=100)
    data = bytearray((folder / "a.parquet").read_bytes())
    start = pq.ParquetFile(folder / "a.parquet").metadata.row_group(1).column(0).data_page_offset
    data[start : start + 30] = b"\xff" * 30
    (folder / "a.parquet").write_bytes(data)
    stream = read_source(folder, max_pixels=LIMIT)
    assert [next(stream).index for _ in range(100)] == list(range(100))
    with pytest.raises(DataError, match=r"a\.parquet cannot be read as Parquet"):
        next(stream)


def test_memory_does_not_depend_on_the_length_of_a_file(folder: Path) -> None:
    padded = [{**GOOD, "note": "x" * 50_000, "chosen": f"A dog and {index} cups."} for index in range(600)]
    path = jsonl(folder / "long.jsonl", padded)
    tracemalloc.start()
    assert sum(1 for _ in read_source(path, max_pixels=LIMIT)) == 600
    assert tracemalloc.get_traced_memory()[1] < path.stat().st_size / 3
    tracemalloc.stop()


@pytest.mark.parametrize("rows_a_slice", [1, 7, 100, 1000])
def test_slices_put_together_are_the_whole(folder: Path, rows_a_slice: int) -> None:
    rows = [{**GOOD, "chosen": f"A dog and {index} cups."} for index in range(150)]
    pq.write_table(pa.Table.from_pylist(rows), folder / "a.parquet", row_group_size=100)
    (folder / "b.jsonl").write_text("\n\n".join(json.dumps(row) for row in rows[:20]))
    pq.write_table(pa.Table.from_pylist(rows[:0], schema=pa.Table.from_pylist(rows).schema), folder / "c.parquet")
    jsonl(folder / "d.jsonl", [b"", *rows[:3], b""])
    source = Source(folder, max_pixels=LIMIT)
    whole = list(source)
    assert [row.index for row in whole] == [*range(150), *range(150, 189, 2), 190, 191, 192]
    parts = list(source.slices(rows_a_slice))
    assert [row for part in parts for row in source.read(part)] == whole
    assert all(0 < part.rows <= max(rows_a_slice, 13) for part in parts)
