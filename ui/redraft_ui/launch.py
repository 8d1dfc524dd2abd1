"""Start the app: one server as a child process, and a link that signs in whoever started it.

launch ──► python -m redraft_ui.server RUN …     until Ctrl-C or SIGTERM
      └──► RUN/ui.json                           tells other commands where the app is; gone with the server
"""

from __future__ import annotations

import errno
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

from redraft.errors import NotAllowed, ResourceError
from redraft.records import TokenKind
from redraft.runs import RunFolder
from redraft.store import Store
from redraft_ui.access.local import has_screen, local_admin, shown_in_browser
from redraft_ui.access.oidc import read_provider
from redraft_ui.access.site import Site, join_link, local_url
from redraft_ui.running import announced, wait_until_up

LINK_HOURS = 24.0
"""How long the link in the terminal works, unless it is used before."""

_STOP_SECONDS = 10.0


def launch(
    run: Path,
    port: int = 8501,
    host: str = "127.0.0.1",
    headless: bool = False,
    public_url: str | None = None,
    oidc: Path | None = None,
) -> int:
    """Serve the pages of ``run`` until interrupted; returns the exit code, 0 after Ctrl-C.

    Port 0 takes a free one. ``public_url`` is the address that people use, if a proxy stands before the app. ``oidc``
    names a file about an identity provider. A link that signs in the local admin, once, is printed and, on this
    machine and unless ``headless``, opened.

    Raises:
        RunError: if ``run`` holds no run.
        ConfigError: if the public URL or the provider's file will not do.
        ResourceError: if the port is in use, or host and port cannot be listened on.
    """
    folder = RunFolder.open(run)
    port = _free_port(host, port)
    site = Site.at(host, port, public_url)
    if oidc is not None:
        read_provider(oidc)
    if not (site.local or site.encrypted):
        print(
            f"Whatever is sent to {site.url} can be read on the way: put a proxy with TLS before it.", file=sys.stderr
        )
    with ExitStack() as until_the_end, folder.store() as store:
        child = subprocess.Popen(command(run, port, host, public_url, oidc))
        try:
            with _terminated_as_interrupt():
                if wait_until_up(local_url(host, port), child):
                    until_the_end.enter_context(announced(folder.root, site.url, local_url(host, port)))
                    name = _greet(store, site, run)
                    if name and site.local and not headless and has_screen():
                        link = _link(store, site, name, "browser")
                        until_the_end.enter_context(shown_in_browser(folder.root, link))
                return child.wait()
        except KeyboardInterrupt:
            return _stop(child)


def command(run: Path, port: int, host: str, public_url: str | None = None, oidc: Path | None = None) -> list[str]:
    """The command line of the child process."""
    options = ["--host", host, "--port", str(port)]
    if public_url is not None:
        options += ["--public-url", public_url]
    if oidc is not None:
        options += ["--oidc", str(oidc.resolve())]
    return [sys.executable, "-m", "redraft_ui.server", str(run.resolve()), *options]


def _greet(store: Store, site: Site, run: Path) -> str | None:
    """Say where the app is and how to come in; returns whom the link signs in."""
    print(f"\nRedraft is at {site.url} (Ctrl-C ends it).", flush=True)
    try:
        admin = local_admin(store)
        link = _link(store, site, admin.name, "terminal")
    except NotAllowed as error:
        print(f"No link to sign in with: {error}.", flush=True)
        return None
    print(f"Sign in as {admin.name}, {admin.role}; this link works once:\n\n    {link}\n")
    print(f"Let others in with: redraft users invite {run} NAME --role annotator", flush=True)
    return admin.name


def _link(store: Store, site: Site, name: str, label: str) -> str:
    seconds = 3600 * LINK_HOURS
    return join_link(site.url, store.issue_token(name, TokenKind.INVITE, seconds=seconds, label=label, actor=name))


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
