"""The whole app as one ASGI server: Streamlit's pages, the HTTP API, and the doors.

    OwnSite ─► SecurityHeaders ─► /join /leave /healthz
                                  /api/v1   BearerAttempts ─► FastAPI
                                  the rest  Streamlit, which runs app.py

Started by ``launch`` as a process of its own: ``python -m redraft_ui.server RUN``.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Mount

from redraft.errors import RedraftError
from redraft.logs import run_logs
from redraft_ui.access import join
from redraft_ui.access.headers import OwnSite, SecurityHeaders
from redraft_ui.access.limits import Attempts, BearerAttempts
from redraft_ui.access.oidc import Provider, read_provider
from redraft_ui.access.site import Site
from redraft_ui.api import API_PREFIX, build_api
from redraft_ui.workplace import Workplace

_SCRIPT = Path(__file__).with_name("app.py")

_log = logging.getLogger("redraft_ui.server")  # run as a script, the module has another name


def build(work: Workplace, site: Site, provider: Provider | None = None) -> st.App:
    """The app of one run, reached at ``site``; it is served by ``st.App.run`` or any ASGI server."""
    return st.App(
        _SCRIPT,
        routes=routes(work, site),
        middleware=middleware(site),
        secrets=provider.secrets(site) if provider else None,
    )


def routes(work: Workplace, site: Site) -> list[BaseRoute]:
    """Everything that is not Streamlit's."""
    attempts = Attempts()
    api = Mount(API_PREFIX, app=build_api(work), middleware=[Middleware(BearerAttempts, attempts=attempts)])
    return [*join.routes(work, site, attempts), api]


def middleware(site: Site) -> list[Middleware]:
    """What every request passes before anything else."""
    return [Middleware(SecurityHeaders), Middleware(OwnSite, site=site)]


def main(arguments: Sequence[str]) -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(prog="redraft_ui.server")
    parser.add_argument("run", type=Path)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--public-url")
    parser.add_argument("--oidc", type=Path)
    asked = parser.parse_args(arguments)
    site = Site.at(asked.host, asked.port, asked.public_url)
    provider = read_provider(asked.oidc) if asked.oidc else None
    work = Workplace.open(asked.run)
    with run_logs(work.folder.root, work.config.name, "pages"):
        _log.info("pages and API are at %s", site.url)
        build(work, site, provider).run(
            config={
                "server.address": asked.host,
                "server.port": asked.port,
                "server.allowedHosts": list(site.names),
                "browser.serverAddress": asked.host,
                "secrets.files": [],
            }
        )


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except RedraftError as error:
        print(f"redraft: {error}", file=sys.stderr)
        raise SystemExit(2) from None
