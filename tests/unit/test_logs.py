"""Every line of a run's logs says what it is about, holds no secret, and the terminal shows what it always did."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from pathlib import Path
from typing import Any

import pytest

from redraft.logs import LogPlace, about, about_now, carried, failures_logged, logs_here, run_logs, without_secrets

OURS = logging.getLogger("redraft_actors.controller")
OTHERS = logging.getLogger("somebody.else")


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_a_line_says_which_run_round_and_policy_it_is_about(tmp_path: Path) -> None:
    with run_logs(tmp_path, "mine", "controller") as file:
        assert not file.exists(), "a process that says nothing leaves no file"
        OURS.info("before")
        with about(round=2, policy="r02-abc"):
            OURS.warning("sampled %d pictures\nof Zoë's", 24)
            with about(policy="r03-def"):
                OURS.info("inside")
        OURS.info("after")
    OURS.error("when nobody listens any more")
    assert file.parent == tmp_path / "logs"
    assert file.name.startswith("controller-")
    found = lines(file)
    assert set(found[0]) == {"time", "level", "logger", "run", "round", "policy", "message"}
    assert [(line["run"], line["round"], line["policy"]) for line in found] == [
        ("mine", None, None),
        ("mine", 2, "r02-abc"),
        ("mine", 2, "r03-def"),
        ("mine", None, None),
    ]
    assert (found[1]["level"], found[1]["message"]) == ("warning", "sampled 24 pictures\nof Zoë's")
    assert found[0]["time"].endswith("+00:00")


def test_of_others_only_what_went_wrong_is_kept_and_an_exception_with_its_traceback(tmp_path: Path) -> None:
    with run_logs(tmp_path, "mine", "replica") as file:
        OTHERS.setLevel(logging.DEBUG)
        OTHERS.info("GET https://example.org")
        try:
            raise ValueError("no number")
        except ValueError:
            OTHERS.exception("it failed")
        OURS.debug("too small")
    (line,) = lines(file)
    assert line["message"] == "it failed"
    assert line["exception"].startswith("Traceback")
    assert line["exception"].rstrip().endswith("ValueError: no number")


def test_the_terminal_shows_warnings_as_before_and_logging_is_left_as_it_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    top = logging.getLogger()
    monkeypatch.setattr(top, "handlers", [])
    before = logging.getLogger("redraft").level
    OURS.warning("one")
    with run_logs(tmp_path, "mine", "controller") as file:
        OURS.info("two")
        OURS.warning("three")
    OURS.warning("four")
    assert capsys.readouterr().err == "one\nthree\nfour\n"
    assert [line["message"] for line in lines(file)] == ["two", "three"]
    assert (top.handlers, logging.getLogger("redraft").level) == ([], before)


def test_what_works_for_a_process_goes_on_with_its_logs(tmp_path: Path) -> None:
    assert logs_here() is None
    with carried(logs_here(), "sampler"):
        OURS.info("nobody keeps this")
    with run_logs(tmp_path, "mine", "controller"), about(round=3, policy="r03-abc", dataset="d"):
        place = logs_here()
    assert place is not None and place == LogPlace.model_validate_json(place.model_dump_json())
    with pytest.raises(ZeroDivisionError), carried(place, "sampler"):
        OURS.info("begins")
        OURS.info("%d", 1 // 0)
    (file,) = (tmp_path / "logs").iterdir()
    assert file.name.startswith("sampler-")
    begins, failed = lines(file)
    for line in (begins, failed):
        assert (line["run"], line["round"], line["policy"]) == ("mine", 3, "r03-abc")
    assert (failed["level"], failed["message"]) == ("error", "failed: integer division or modulo by zero")
    assert "1 // 0" in failed["exception"]
    assert about_now().round is None


def test_a_machine_that_does_not_see_the_run_folder_makes_none(tmp_path: Path) -> None:
    with carried(LogPlace(root=str(tmp_path / "elsewhere"), run="mine"), "sampler"):
        OURS.info("works all the same")
    assert not list(tmp_path.iterdir())


def test_what_the_terminal_is_told_in_other_words_is_for_the_file_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    with run_logs(tmp_path, "mine", "terminal") as file:
        for error in (ValueError("no number"), KeyboardInterrupt()):
            with pytest.raises(type(error)), failures_logged(OURS):
                raise error
    assert capsys.readouterr().err == ""
    (line,) = lines(file)
    assert line["exception"].rstrip().endswith("ValueError: no number")


def test_what_it_is_about_follows_tasks_and_not_threads(tmp_path: Path) -> None:
    async def scenario() -> tuple[int | None, int | None]:
        with about(round=7):
            task = asyncio.ensure_future(asyncio.to_thread(lambda: about_now().round))
        return await task, about_now().round

    assert asyncio.run(scenario()) == (7, None)
    seen: list[int | None] = []
    with about(round=7):
        thread = threading.Thread(target=lambda: seen.append(about_now().round))
        thread.start()
        thread.join()
    assert seen == [None]


def test_many_threads_write_whole_lines(tmp_path: Path) -> None:
    with run_logs(tmp_path, "mine", "controller") as file:

        def write(name: int) -> None:
            for number in range(50):
                OURS.info("%d %d %s", name, number, "x" * 5000)

        threads = [threading.Thread(target=write, args=(name,)) for name in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(lines(file)) == 200


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("postgresql://me:hunter2@host/db is away", "postgresql://***@host/db is away"),
        ("Authorization: Bearer hunter2, and more", "Authorization: Bearer ***, and more"),
        ("https://h/x?api_token=hunter2&y=1", "https://h/x?api_token=***&y=1"),
        ("s3://b/k?X-Amz-Signature=hunter2", "s3://b/k?X-Amz-Signature=***"),
        ("a@b.example wrote 12:30 https://h:8000/x", "a@b.example wrote 12:30 https://h:8000/x"),
        ("512 tokens, token=12", "512 tokens, token=12"),
    ],
)
def test_secrets_are_blotted_out(said: str, kept: str) -> None:
    assert without_secrets(said) == kept


def test_a_folder_that_cannot_be_written_stops_nobody(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "logs").write_text("in the way")
    with run_logs(tmp_path, "mine", "controller"):
        OURS.info("nowhere to go")
    assert "Error" in capsys.readouterr().err
