"""A real browser and a real server for the tests that need them."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from redraft.records import Role, TokenKind
from redraft.store import Store
from redraft_ui.access.site import join_link
from redraft_ui.launch import command
from redraft_ui.running import wait_until_up

CHROMIUM = shutil.which("chromium")
PATIENCE_MS = 60_000
_ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
]


class Server:
    """The app on a run, as `redraft ui` starts it; it can be stopped and started again on the same port."""

    def __init__(self, root: Path, oidc: Path | None = None) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        self._command = command(root, self._port, "127.0.0.1", oidc=oidc)
        self.url = f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._child = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        assert wait_until_up(self.url, self._child)

    def stop(self) -> None:
        """End it, and wait until it has gone."""
        self._child.terminate()
        self._child.wait()

    def kill(self) -> None:
        """End it without a word."""
        self._child.kill()
        self._child.wait()

    def link(self, store: Store, name: str, role: Role = Role.ANNOTATOR) -> str:
        """A link that signs ``name`` in, once."""
        store.ensure_user(name, role)
        return join_link(self.url, store.issue_token(name, TokenKind.INVITE, seconds=3600, actor="tests"))


@contextmanager
def serving(root: Path, oidc: Path | None = None) -> Iterator[Server]:
    """A server on the run in ``root``, until the block ends."""
    server = Server(root, oidc)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def chromium_browser() -> Iterator[Browser]:
    """Debian's chromium without a window, until the block ends."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=_ARGUMENTS)
        yield browser
        browser.close()
