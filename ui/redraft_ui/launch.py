"""Start the app: one `streamlit run` as a child process, configured by flags so that no file is left anywhere."""

from __future__ import annotations

import errno
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

from redraft.errors import ResourceError
from redraft.runs import RunFolder

_LOCAL = ("127.0.0.1", "localhost", "::1")
_STOP_SECONDS = 10.0

_SETTINGS = {
    "browser.gatherUsageStats": "false",
    "client.showErrorDetails": "none",
    "client.showErrorLinks": "false",
    "client.toolbarMode": "minimal",
    "server.fileWatcherType": "none",
    "server.showEmailPrompt": "false",
    "theme.baseRadius": "8px",
    "theme.metricValueFontSize": "1.35rem",
    "theme.light.primaryColor": "#0b6b66",
    "theme.light.backgroundColor": "#fcfbf8",
    "theme.light.secondaryBackgroundColor": "#f1efe9",
    "theme.light.textColor": "#20252b",
    "theme.dark.primaryColor": "#0b7d76",
    "theme.dark.backgroundColor": "#15191e",
    "theme.dark.secondaryBackgroundColor": "#20262d",
    "theme.dark.textColor": "#e9ebee",
}


def launch(run: Path, port: int = 8501, host: str = "127.0.0.1", headless: bool = False) -> int:
    """Serve the pages of ``run`` until interrupted; returns the exit code, 0 after Ctrl-C.

    Port 0 takes a free one. Signing in takes a name alone, so any other host than this machine itself lets everybody
    who reaches it work under any name.

    Raises:
        RunError: if ``run`` holds no run.
        ResourceError: if the port is in use, or host and port cannot be listened on.
    """
    RunFolder.open(run)
    port = _free_port(host, port)
    if host not in _LOCAL:
        print(f"Whoever can reach {host}, port {port}, can sign in under any name.", file=sys.stderr)
    child = subprocess.Popen(command(run, port, host, headless))
    try:
        with _terminated_as_interrupt():
            return child.wait()
    except KeyboardInterrupt:
        return _stop(child)


def command(run: Path, port: int, host: str, headless: bool) -> list[str]:
    """The command line of the child process."""
    settings = _SETTINGS | {
        "server.port": str(port),
        "server.address": host,
        "browser.serverAddress": host,
        "server.headless": str(headless).lower(),
    }
    flags = [f"--{name}={value}" for name, value in settings.items()]
    if host in _LOCAL:  # against DNS rebinding: a page from elsewhere cannot pass for this machine
        flags += [f"--server.allowedHosts={name}" for name in _LOCAL]
    app = Path(__file__).with_name("app.py")
    return [sys.executable, "-m", "streamlit", "run", str(app), *flags, "--", str(run.resolve())]


def _free_port(host: str, port: int) -> int:
    """``port`` if one can listen on it, or a free one for 0."""
    if not 0 <= port <= 65535:  # getaddrinfo would take the remainder
        raise ResourceError(f"there is no port {port}: choose one from 1 to 65535, or 0 for a free one")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            return int(probe.getsockname()[1])
    except OSError as e:
        if e.errno == errno.EADDRINUSE:
            raise ResourceError(
                f"port {port} on {host} is in use: stop what listens there, or choose another port"
            ) from e
        raise ResourceError(f"cannot listen on {host}, port {port} ({e}): choose another host or port") from e


@contextmanager
def _terminated_as_interrupt() -> Iterator[None]:
    """Let a SIGTERM end the child too, which would outlive us otherwise."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(number: int, frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _stop(child: subprocess.Popen[bytes]) -> int:
    """End the child, which a Ctrl-C at the terminal has reached already; 0 if it went by itself."""
    child.terminate()
    try:
        child.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
        return 1
    return 0
