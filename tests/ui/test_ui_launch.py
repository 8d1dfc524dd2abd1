"""`redraft ui`: what is refused, and a real server that starts and stops."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from redraft.errors import ResourceError, RunError
from redraft_ui.launch import command, launch

from .conftest import Run


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="holds no run"):
        launch(tmp_path, port=0, headless=True)


def test_a_port_in_use_is_refused_in_one_sentence(run: Run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ResourceError, match=f"port {port} on 127.0.0.1 is in use"):
            launch(run.root, port=port, headless=True)


@pytest.mark.parametrize(
    ("host", "port", "reason"),
    [
        ("203.0.113.7", 0, "cannot listen on 203.0.113.7"),
        ("127.0.0.1", 70000, "no port 70000"),
        ("127.0.0.1", -1, "port -1"),
    ],
)
def test_a_host_or_port_that_cannot_be_listened_on_is_refused(run: Run, host: str, port: int, reason: str) -> None:
    with pytest.raises(ResourceError, match=reason):
        launch(run.root, port=port, host=host, headless=True)


def test_nothing_is_reported_to_anybody_and_only_this_machine_is_answered(tmp_path: Path) -> None:
    flags = command(tmp_path, 8501, "127.0.0.1", True)
    assert "--browser.gatherUsageStats=false" in flags
    assert "--server.allowedHosts=127.0.0.1" in flags
    assert flags[-2:] == ["--", str(tmp_path)]
    assert not [flag for flag in command(tmp_path, 8501, "0.0.0.0", True) if "allowedHosts" in flag]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_the_server_starts_and_stops_with_its_parent(run: Run, how: signal.Signals) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    code = (
        "import sys, pathlib, redraft_ui.launch as l; sys.exit(l.launch(pathlib.Path(sys.argv[1]), int(sys.argv[2])))"
    )
    parent = subprocess.Popen([sys.executable, "-c", code, str(run.root), str(port)], stdout=subprocess.DEVNULL)
    try:
        assert wait_until_healthy(f"http://127.0.0.1:{port}", parent)
        parent.send_signal(how)
        assert parent.wait(60) == 0
    finally:
        parent.kill()
        parent.wait()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def wait_until_healthy(url: str, server: subprocess.Popen[bytes], seconds: float = 120.0) -> bool:
    """Whether the server answers before it ends or the time is over."""
    end = time.monotonic() + seconds
    while server.poll() is None and time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            time.sleep(0.2)
    return False
