"""`redraft ui`: what is refused, what it prints, and a real server that starts and stops."""

from __future__ import annotations

import re
import signal
import socket
import stat
import subprocess
import sys
import tomllib
import urllib.request
import webbrowser
from pathlib import Path

import pytest

import redraft_ui
from redraft.errors import ConfigError, ResourceError, RunError
from redraft.records import Role
from redraft_ui.access import local
from redraft_ui.access.site import Site, local_url
from redraft_ui.launch import command, launch
from redraft_ui.running import announced, served_at

from .conftest import Run

SETTINGS = Path(redraft_ui.__file__).parent / ".streamlit" / "config.toml"


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


def test_a_providers_file_is_checked_before_anything_starts(run: Run, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read"):
        launch(run.root, port=0, headless=True, oidc=tmp_path / "none.toml")


def test_the_shipped_settings_are_strict() -> None:
    """Streamlit would ignore a misspelt name, so each must be one that it knows."""
    from streamlit import config

    settings = tomllib.loads(SETTINGS.read_text())
    names = {f"{section}.{name}": value for section, table in settings.items() for name, value in table.items()}
    known = {**config._config_options_template, **dict.fromkeys(("theme.light", "theme.dark"))}
    assert not set(names) - set(known)
    assert names["browser.gatherUsageStats"] is names["server.enableAgentApi"] is False
    assert names["server.enableXsrfProtection"] is names["server.enableCORS"] is True
    assert names["server.maxUploadSize"] <= 10


def test_the_address_is_one_that_people_can_use() -> None:
    assert Site.at("127.0.0.1", 8501).url == local_url("0.0.0.0", 8501) == "http://127.0.0.1:8501"
    assert Site.at("::1", 8501).url == "http://[::1]:8501"
    assert Site.at("0.0.0.0", 80).url == f"http://{socket.gethostname()}:80"
    public = Site.at("0.0.0.0", 80, "https://redraft.example.org/")
    assert (public.url, public.encrypted, public.local) == ("https://redraft.example.org", True, False)


def test_the_local_account_is_admin_unless_there_is_another(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local.getpass, "getuser", lambda: "grace")
    assert local.local_admin(run.store).role is Role.ADMIN
    run.store.add_user("Ada", Role.ADMIN, actor="root")
    run.store.set_role("grace", Role.ANNOTATOR, actor="Ada")
    assert local.local_admin(run.store).role is Role.ANNOTATOR
    monkeypatch.setattr(local.getpass, "getuser", lambda: "oracle")
    assert local.local_admin(run.store).name == "admin"


def test_the_browser_is_led_to_the_link_by_a_page_that_nobody_else_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    with local.shown_in_browser(tmp_path, "http://127.0.0.1:1/join#secret"):
        (page,) = tmp_path.iterdir()
        assert stat.S_IMODE(page.stat().st_mode) == 0o600
        assert "url=http://127.0.0.1:1/join#secret" in page.read_text()
        assert opened == [page.as_uri()]
    assert not page.exists()


def test_where_an_app_was_is_not_where_it_is(tmp_path: Path) -> None:
    assert served_at(tmp_path) is None
    with announced(tmp_path, "https://redraft.example.org", "http://127.0.0.1:9"):
        assert served_at(tmp_path) is None, "nothing listens there"
    (tmp_path / "ui.json").write_text("{")
    assert served_at(tmp_path) is None


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_the_server_starts_tells_the_link_and_stops_with_its_parent(run: Run, how: signal.Signals) -> None:
    code = (
        "import sys, pathlib, signal, redraft_ui.launch as l;"
        "signal.signal(signal.SIGINT, signal.default_int_handler);"  # ignored in what a shell started with &
        "sys.exit(l.launch(pathlib.Path(sys.argv[1]), 0, headless=True))"
    )
    parent = subprocess.Popen([sys.executable, "-c", code, str(run.root)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    try:
        told = _read_until(parent, "redraft users invite")
        link = re.search(r"(http://127\.0\.0\.1:\d+)/join#(\S+)", told)
        assert link is not None, told
        url, secret = link.groups()
        assert served_at(run.root) == url
        user, _ = run.store.redeem_invite(secret, seconds=60)
        assert user.role is Role.ADMIN
        with urllib.request.urlopen(f"{url}/", timeout=30) as answer:
            assert "script-src 'self';" in answer.headers["Content-Security-Policy"]
        parent.send_signal(how)
        assert parent.wait(60) == 0
    finally:
        parent.kill()
        parent.wait()
        parent.stdout.close()
    assert served_at(run.root) is None and not (run.root / "ui.json").exists()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", int(url.rpartition(":")[2]))) != 0
    assert [(token.kind, token.label) for token in run.store.tokens() if token.used_at] == [("invite", "terminal")]


def _read_until(process: subprocess.Popen[str], last: str) -> str:
    """What the process prints, up to the line that holds ``last``."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if last in line:
            break
    return "".join(lines)


def test_the_child_is_told_everything(tmp_path: Path) -> None:
    words = command(tmp_path, 8501, "0.0.0.0", "https://redraft.example.org", tmp_path / "oidc.toml")
    assert words[1:4] == ["-m", "redraft_ui.server", str(tmp_path)]
    assert words[4:] == [
        *("--host", "0.0.0.0", "--port", "8501"),
        *("--public-url", "https://redraft.example.org", "--oidc", str(tmp_path / "oidc.toml")),
    ]
