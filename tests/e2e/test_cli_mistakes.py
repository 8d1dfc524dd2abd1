"""What a user does wrong: one sentence, exit code 2, nothing half-written."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from redraft.world import builtin_policy

CommandLine = Callable[..., tuple[int, str, str]]


def assert_refused(result: tuple[int, str, str], out: Path, *says: str) -> None:
    code, _, err = result
    assert code == 2
    lines = err.strip().splitlines()
    assert len(lines) == 1, err
    assert lines[0].startswith("redraft: ")
    for words in says:
        assert words in lines[0]
    assert not out.exists(), "nothing may be left behind"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "run"


def test_unknown_key(redraft: CommandLine, small: Path, out: Path) -> None:
    small.write_text("smaple: {k: 3}\n")
    assert_refused(redraft("run", small, "--out", out), out, "smaple", "did you mean sample?")


def test_override_without_a_value(redraft: CommandLine, small: Path, out: Path) -> None:
    assert_refused(redraft("run", small, "--out", out, "--set", "seed"), out, "section.key=value")


def test_missing_model_folder(redraft: CommandLine, small: Path, out: Path) -> None:
    assert_refused(
        redraft("run", small, "--out", out, "--set", "policy.path=/no/such"), out, "/no/such", "is no folder"
    )


def test_model_with_broken_weights(redraft: CommandLine, small: Path, out: Path, tmp_path: Path) -> None:
    folder = tmp_path / "policy"
    shutil.copytree(builtin_policy(), folder)
    (folder / "model.safetensors").write_bytes(b"no weights at all")
    assert_refused(redraft("run", small, "--out", out, "--set", f"policy.path={folder}"), out, "model.safetensors")


def bad_folder(folder: Path, kind: str) -> None:
    folder.mkdir()
    if kind == "text file":
        (folder / "notes.txt").write_text("hello")
    elif kind == "corrupt":
        Image.new("RGB", (64, 64), "red").save(folder / "a.png")
        (folder / "b.png").write_bytes((folder / "a.png").read_bytes()[:60])
    elif kind == "bomb":
        Image.new("1", (9000, 9000)).save(folder / "big.png")
    elif kind == "zero bytes":
        (folder / "c.jpg").write_bytes(b"")


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("empty", "no image"),
        ("text file", "notes.txt"),
        ("corrupt", "b.png"),
        ("bomb", "big.png"),
        ("zero bytes", "c.jpg"),
    ],
)
def test_folder_of_photographs_with_a_bad_file(
    redraft: CommandLine, small: Path, out: Path, tmp_path: Path, kind: str, says: str
) -> None:
    bad_folder(tmp_path / "photos", kind)
    result = redraft("run", small, "--out", out, "--images", tmp_path / "photos", "--annotators", "human")
    assert_refused(result, out, says)


def test_missing_folder_of_photographs(redraft: CommandLine, small: Path, out: Path, tmp_path: Path) -> None:
    result = redraft("run", small, "--out", out, "--images", tmp_path / "none", "--annotators", "human")
    assert_refused(result, out, "none")


@pytest.mark.parametrize("url", ["nonsense", "sqlite:////no/such/folder/x.db", "postgresql://u:secret@127.0.0.1:1/x"])
def test_wrong_database_url_is_refused_without_its_password(
    redraft: CommandLine, small: Path, out: Path, url: str
) -> None:
    result = redraft("run", small, "--out", out, "--set", f"storage.database={url}")
    assert_refused(result, out)
    assert "secret" not in result[2]


def test_full_disk(redraft: CommandLine, small: Path, out: Path) -> None:
    result = redraft("run", small, "--out", out, "--set", "storage.min_free_gib=1000000")
    assert_refused(result, out, "GiB are free")


def test_port_in_use(redraft: CommandLine, small: Path, out: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = redraft("run", small, "--out", out, "--set", "serve.enabled=true", "--set", f"serve.port={port}")
    assert_refused(result, out, str(port), "serve.port")


def test_more_workers_than_cpus(redraft: CommandLine, small: Path) -> None:
    code, _, err = redraft("check", small, "--set", "sample.actors=40")
    assert code == 2
    assert "raise ray.cpus" in err


def test_a_training_job_that_cannot_fit_is_refused_with_a_remedy(redraft: CommandLine, small: Path, out: Path) -> None:
    huge = ["--set", "train.batch_size=40000", "--set", "train.micro_batch=20000"]
    assert_refused(redraft("run", small, "--out", out, *huge), out, "GiB per worker", "set train.")


def test_commands_on_a_folder_without_a_run(redraft: CommandLine, tmp_path: Path) -> None:
    for command in ("resume", "status", "report", "stop"):
        code, _, err = redraft(command, tmp_path)
        assert code == 2
        assert "holds no run" in err


def test_replace_leaves_other_folders_alone(redraft: CommandLine, small: Path, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "thesis.txt").write_text("x")
    code, _, err = redraft("run", small, "--out", precious, "--replace")
    assert code == 2
    assert "no run folder" in err
    assert (precious / "thesis.txt").exists()


def test_check_shows_no_password(redraft: CommandLine, small: Path, out: Path) -> None:
    url = "postgresql+psycopg://ada:hunter2@127.0.0.1:9/redraft?sslpassword=hunter3"
    code, printed, complaint = redraft("check", small, "--out", out, "--set", f"storage.database={url}")
    assert code == 2 and "storage.database: the URL holds a password" in complaint
    assert "hunter" not in printed + complaint


def test_check_prints_the_whole_tree_and_starts_nothing(redraft: CommandLine, small: Path, out: Path) -> None:
    code, printed, _ = redraft("check", small, "--out", out)
    assert code == 0
    assert "learning_rate: 0.0001" in printed
    assert "LlavaForConditionalGeneration" in printed
    assert not out.exists()
