"""A result and its scores, written and read back; what is damaged is told."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from redraft.errors import DataError, ResourceError
from redraft.evaluate.answer_lines import answers_digest
from redraft.evaluate.catalogue import SUITES, listed
from redraft.evaluate.results import measure_suite, read_results, write_results
from redraft.evaluate.source import folder_digest, source_of

from .eval_suite import COLUMNS, Parrots

ANSWERS = {"q0": "a parrot", "q1": "a dog", "q2": "a parrot again"}


def kept(folder: Path) -> Path:
    result, scores = measure_suite(Parrots(), ANSWERS, policy="p", bootstrap=200, seed=3, notes=("so",))
    write_results(folder, result, COLUMNS, scores)
    return folder


def test_what_is_measured_by_hand(tmp_path: Path) -> None:
    result, scores = measure_suite(Parrots(), ANSWERS, policy="p", bootstrap=200, seed=3)
    assert (result.items, result.images, result.unanswered) == (4, 2, 1)
    wrong, words = result.figures
    assert wrong.interval is not None and wrong.interval.value == pytest.approx(2 / 3)
    assert words.interval is not None and words.interval.value == pytest.approx((2 + 2 + 3) / 3)
    assert [(g.group, g.items) for g in result.groups] == [("even", 2), ("odd", 1)]
    assert result.answers == answers_digest(dict(reversed(ANSWERS.items()))), "whatever the order"
    assert scores[0].values == (1.0, 2.0, 1.0)


def test_back_as_it_was(tmp_path: Path) -> None:
    result, scores = measure_suite(Parrots(), ANSWERS, policy="p", bootstrap=200, seed=3, notes=("so",))
    write_results(tmp_path / "new" / "out", result, COLUMNS, scores)
    back = read_results(tmp_path / "new" / "out")
    assert (back.result, back.columns, list(back.scores)) == (result, COLUMNS, scores)
    assert pq.read_table(tmp_path / "new" / "out" / "scores.parquet").column_names == [
        "item",
        "image_id",
        "group",
        *COLUMNS,
    ]


def test_no_answer_about_the_suite() -> None:
    with pytest.raises(DataError, match="none of the 1 answers of p is about an item of parrots"):
        measure_suite(Parrots(), {"zz": "?"}, policy="p", bootstrap=100, seed=0)


def test_another_suite_is_not_overwritten(tmp_path: Path) -> None:
    folder = kept(tmp_path / "out")
    result, scores = measure_suite(Parrots(variant="other"), ANSWERS, policy="p", bootstrap=100, seed=0)
    with pytest.raises(DataError, match=r"holds a result of parrots \(plain\), not of parrots \(other\)"):
        write_results(folder, result, COLUMNS, scores)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ResourceError, match="cannot write"):
        kept(tmp_path / "file" / "out")


def test_damage_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no result"):
        read_results(tmp_path / "nowhere")
    folder = kept(tmp_path / "out")
    record = (folder / "result.json").read_text()
    (folder / "result.json").write_text(record.replace('"seed"', '"sead"'))
    with pytest.raises(DataError, match="is no suite result"):
        read_results(folder)
    (folder / "result.json").write_text(record)
    (folder / "scores.parquet").write_bytes(b"PAR1 nothing")
    with pytest.raises(DataError, match="not readable as Parquet"):
        read_results(folder)
    pq.write_table(
        pa.table({"item": ["q0"], "image_id": ["i"], "group": [1], "wrong": [1.0]}), folder / "scores.parquet"
    )
    with pytest.raises(DataError, match="is no table of item, image_id, group and numbers"):
        read_results(folder)
    twice = pa.table({"item": ["q0", "q0"], "image_id": ["i", "i"], "group": ["g", "g"], "wrong": [1.0, 0.0]})
    pq.write_table(twice, folder / "scores.parquet")
    with pytest.raises(DataError, match="scores an item twice"):
        read_results(folder)
    (folder / "scores.parquet").unlink()
    with pytest.raises(DataError, match="cannot be read"):
        read_results(folder)


def test_sources_by_their_hashes(tmp_path: Path) -> None:
    file = tmp_path / "questions.json"
    file.write_bytes(b"abc")
    found = source_of("questions", file)
    assert found.name == "questions.json"
    assert found.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    with pytest.raises(DataError, match="does not exist: name the file with the annotations"):
        source_of("annotations", tmp_path / "none.json")
    before = folder_digest(tmp_path)
    file.write_bytes(b"abd")
    assert folder_digest(tmp_path) != before


@pytest.mark.parametrize("name", [suite.name for suite in SUITES])
def test_every_listed_suite_gives_its_figures(name: str) -> None:
    suite = listed(name)
    names = [spec.name for spec in suite.specs()]
    assert len(set(names)) == len(names) > 0, "a result names its figures"
    assert [spec.name for spec in suite.figures(names[::-1])] == names[::-1]
    with pytest.raises(DataError, match="has no figure 'nonsense'"):
        suite.figures(["nonsense"])


def test_an_unknown_suite() -> None:
    with pytest.raises(DataError, match="no suite is called 'nope': there are objhal"):
        listed("nope")
