"""The command line, in this process for mistakes and as a child process for whole runs."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path

import pytest

from redraft_actors.cli import main

CommandLine = Callable[..., tuple[int, str, str]]

SMALL = """
name: small
images: {per_round: 48}
sample: {k: 2, batch_size: 12}
route: {budget: 36}
train: {steps: 6, batch_size: 8, checkpoint_every: 2, learning_rate: 1.0e-4}
evaluate: {dev_images: 40, test_images: 40, questions: 8, bootstrap: 200, batch_size: 24}
loop: {rounds: 1, min_corrections: 5}
serve: {enabled: false}
"""
"""A whole loop that is over in about a minute."""


@pytest.fixture
def redraft(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """Run ``redraft ARGS`` here; exit code, standard output, standard error."""

    def run(*args: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["redraft", *map(str, args)])
        try:
            main()
            code = 0
        except SystemExit as e:
            code = int(e.code or 0)
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """The config of a small run."""
    path = tmp_path / "small.yaml"
    path.write_text(SMALL)
    return path


@pytest.fixture
def start(tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
    """Start ``redraft ARGS`` as a user would; its output goes to a file beside the run.

    ``terminal`` is a terminal for it to sit at, with nobody else in it.
    """

    def run(*args: object, terminal: int | None = None) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", "from redraft_actors.cli import main; main()", *map(str, args)]

        def sit_at_terminal() -> None:
            if terminal is not None:
                fcntl.ioctl(0, termios.TIOCSCTTY, 0)
                signal.signal(signal.SIGINT, signal.SIG_DFL)

        with (tmp_path / "output.log").open("a") as log:
            return subprocess.Popen(
                command,
                stdin=terminal,
                stdout=log,
                stderr=log,
                text=True,
                env=dict(os.environ),
                start_new_session=terminal is not None,
                preexec_fn=sit_at_terminal,
            )

    return run
