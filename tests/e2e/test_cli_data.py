"""Corrections out of a run and into another, through the command line; nothing is trained."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from redraft.pairs import build_pairs

from .made_runs import CommandLine, Run, add_tasks, correct_all, make, sentence


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run with four corrections."""
    made = make(tmp_path_factory.mktemp("data") / "run")
    add_tasks(made)
    assert correct_all(made) == 4
    return made


@pytest.mark.parametrize("format", ["rlhfv", "trl", "jsonl"])
def test_corrections_travel_from_run_to_run(redraft: CommandLine, run: Run, tmp_path: Path, format: str) -> None:
    code, said, _ = redraft("export", run.root, tmp_path / "out", "--format", format)
    assert code == 0 and "Wrote 4 corrections" in said
    other = make(tmp_path / "other")
    code, said, err = redraft("import", other.root, tmp_path / "out")
    assert code == 0, err
    assert "4 rows are good, 0 cannot be used" in said and "Imported 4 corrections into project main" in said
    unused = other.store.unused_corrections()
    assert {(c.original, c.corrected) for c in unused} == {(c.original, c.corrected) for c in run.store.corrections()}
    assert {c.round for c in unused} == {1}
    code, said, _ = redraft("import", other.root, tmp_path / "out")
    assert "Imported 0 corrections" in said and "4 were there already" in said
    assert "exists already" in sentence(redraft("export", run.root, tmp_path / "out", "--format", format))


def test_the_loop_builds_pairs_of_imported_corrections(redraft: CommandLine, run: Run, tmp_path: Path) -> None:
    redraft("export", run.root, tmp_path / "out", "--format", "jsonl")
    other = make(tmp_path / "other")
    redraft("import", other.root, tmp_path / "out")
    tasks = {task.id: task for task in other.store.tasks()}
    images = {task.image_id: other.store.image(task.image_id) for task in tasks.values()}
    pairs = build_pairs(other.store.unused_corrections(), tasks, images)
    assert len(pairs) == 4
    assert {pair.annotator for pair in pairs} == {"ann"}
    assert all(other.blobs.exists(pair.blob) for pair in pairs)


def test_rejected_texts_become_tasks_for_people(redraft: CommandLine, run: Run, tmp_path: Path) -> None:
    redraft("export", run.root, tmp_path / "out", "--format", "trl")
    other = make(tmp_path / "other")
    code, said, _ = redraft("import", other.root, tmp_path / "out", "--as", "tasks")
    assert code == 0 and "Imported 4 tasks" in said
    assert correct_all(other) == 4
    oracles = make(tmp_path / "oracles", annotate={"by": "oracle"})
    refused = sentence(redraft("import", oracles.root, tmp_path / "out", "--as", "tasks"))
    assert "oracles" in refused and "annotate.by=human" in refused


def test_bad_rows_are_listed_before_anything_is_written(redraft: CommandLine, run: Run, tmp_path: Path) -> None:
    redraft("export", run.root, tmp_path / "out", "--format", "jsonl")
    file = tmp_path / "out" / "answers.jsonl"
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    rows[1]["edits"][0]["end"] = 10**6
    rows[2] = {**rows[2], "edits": None, "chosen": "A <image> there."}
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    other = make(tmp_path / "other")
    code, said, err = redraft("import", other.root, tmp_path / "out")
    assert code == 2
    assert "  index 1, answers.jsonl line 2: edit [" in said
    assert "  index 2, answers.jsonl line 3: chosen holds '<image>'" in said
    assert err.startswith("redraft: 2 of 4 rows cannot be used, the first being answers.jsonl line 2")
    assert other.store.tasks() == [] and other.store.corrections() == []
    code, said, _ = redraft("import", other.root, tmp_path / "out", "--skip-bad")
    assert code == 0 and "Imported 2 corrections" in said


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("export", "RUN", "OUT", "--format", "trl", "--all"), "--all needs --format jsonl"),
        (("export", "RUN", "OUT", "--format", "trl", "--dataset", "d9"), "no dataset version d9"),
        (("export", "RUN", "OUT", "--format", "trl", "--project", "nowhere"), "nowhere"),
        (("export", "RUN", "OUT", "--anonymous"), "--anonymous says which corrections are meant"),
        (("export", "RUN", "OUT", "--policy", "nobody"), "no policy nobody"),
        (("import", "RUN", "nothing.parquet"), "nothing.parquet does not exist"),
        (("import", "RUN", "OUT", "--project", "nowhere"), "nowhere"),
        (("import", "RUN", "OUT", "--annotator", " x"), "--annotator"),
        (("gold", "add", "RUN", "task-none"), "no task task-none"),
        (("humaneval", "start", "RUN", "--policies", "a,a", "--project", "p"), "--policies a,a"),
        (("humaneval", "start", "RUN", "--policies", "a,b", "--project", "p"), "a was not evaluated on the test split"),
        (("humaneval", "close", "RUN", "main"), "main is no study"),
        (("humaneval", "close", "RUN", "nowhere"), "nowhere"),
    ],
)
def test_mistakes_are_one_sentence(
    redraft: CommandLine, run: Run, tmp_path: Path, args: tuple[str, ...], says: str
) -> None:
    words = {"RUN": run.root, "OUT": tmp_path / "out"}
    assert says in sentence(redraft(*(words.get(word, word) for word in args)))
    assert not (tmp_path / "out").exists()


def test_a_checkpoint_is_exported_as_before(redraft: CommandLine, run: Run, tmp_path: Path) -> None:
    staging = run.blobs.scratch_folder()
    (staging / "config.json").write_text("{}")
    run.blobs.publish_folder("policies/r00-base", staging)
    code, said, _ = redraft("export", run.root, tmp_path / "out")
    assert code == 0 and "Wrote r00-base" in said
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["config.json", "corrections.jsonl", "redraft.json"]


def test_parquet_says_where_it_came_from(redraft: CommandLine, run: Run, tmp_path: Path) -> None:
    redraft("export", run.root, tmp_path / "out", "--format", "rlhfv")
    row = pq.read_table(tmp_path / "out" / "pairs.parquet").to_pylist()[0]
    assert row["origin_dataset"].startswith("world:0:pool:")
    assert json.loads(row["origin_split"])["model"] == "r00-base"
