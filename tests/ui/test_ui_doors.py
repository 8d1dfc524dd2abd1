"""The doors of the app, without a browser: cookies, headers, hosts, origins, limits, and what no log may hold."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from redraft.errors import ConfigError, NotAllowed
from redraft.records import Role, TokenKind
from redraft_ui import server
from redraft_ui.access.limits import FAILURES_EACH
from redraft_ui.access.oidc import FRESH_SECONDS, Provider, read_provider, vouched_address
from redraft_ui.access.session import authorised
from redraft_ui.access.site import Site
from redraft_ui.workplace import Workplace

from .conftest import Run

LOCAL = "http://127.0.0.1:8501"
OWN = {"X-Redraft": "1"}
HOUR = 3600.0
CLIENT = '[auth]\nclient_id = "a"\nclient_secret = "hush"\n'

Visit = Callable[..., TestClient]


@pytest.fixture
def visit(run: Run) -> Visit:
    """Makes visitors of the run's server, who differ in the address that they know it by."""
    work = Workplace.open(run.root)

    def make(url: str = LOCAL, public_url: str | None = None, host: str = "127.0.0.1") -> TestClient:
        site = Site.at(host, 8501, public_url)
        return TestClient(Starlette(routes=server.routes(work, site), middleware=server.middleware(site)), base_url=url)

    return make


def knock(site: Site) -> TestClient:
    """A visitor of a server that has nothing behind its doors."""

    async def answer(request: Request) -> Response:
        return Response()

    async def accept(socket: WebSocket) -> None:
        await socket.accept()
        await socket.close()

    routes = [Route("/", answer), WebSocketRoute("/stream", accept)]
    return TestClient(Starlette(routes=routes, middleware=server.middleware(site)), base_url=LOCAL)


@pytest.fixture
def ada(run: Run) -> str:
    return run.store.add_user("Ada", Role.ANNOTATOR, actor="root").name


def invite(run: Run, name: str, seconds: float = HOUR) -> str:
    return run.store.issue_token(name, TokenKind.INVITE, seconds=seconds, actor="root")


def join(visitor: TestClient, secret: object, **headers: str) -> Any:
    return visitor.post("/join", json={"secret": secret}, headers=OWN | headers)


def test_an_invitation_becomes_a_cookie_that_no_script_and_no_other_site_can_use(
    visit: Visit, run: Run, ada: str
) -> None:
    visitor = visit()
    answer = join(visitor, invite(run, ada))
    assert answer.status_code == 204
    parts = {part.strip().lower() for part in answer.headers["set-cookie"].split(";")[1:]}
    assert {"httponly", "samesite=strict", "path=/", "max-age=43200"} <= parts
    assert not any(part == "secure" or part.startswith("domain") for part in parts)
    assert visitor.get("/api/v1/me").json()["name"] == ada


@pytest.mark.parametrize(
    ("url", "public_url"),
    [("https://127.0.0.1", None), (LOCAL, "https://redraft.example.org"), ("https://redraft.example.org", None)],
)
def test_over_tls_the_cookie_never_travels_without_it(
    visit: Visit, run: Run, ada: str, url: str, public_url: str | None
) -> None:
    visitor = visit(url, public_url, "127.0.0.1" if "127" in url else "redraft.example.org")
    assert "; Secure" in join(visitor, invite(run, ada)).headers["set-cookie"]


def test_a_link_works_once_and_not_for_ever(visit: Visit, run: Run, ada: str) -> None:
    secret = invite(run, ada)
    assert join(visit(), secret).status_code == 204
    again = join(visit(), secret)
    assert (again.status_code, again.json()["code"]) == (403, "not_allowed")
    assert "used already" in again.json()["message"] and "set-cookie" not in again.headers
    assert join(visit(), invite(run, ada, 1e-9)).status_code == 403


def test_nonsense_is_turned_away(visit: Visit) -> None:
    visitor = visit()
    for body in (b"", b"[]", b"null", b'{"secret": 7}', b"\xff", b'{"secret": "' + b"x" * 9000 + b'"}'):
        assert visitor.post("/join", content=body, headers=OWN).status_code == 403


def test_other_sites_cannot_sign_anybody_in_or_out(visit: Visit, run: Run, ada: str) -> None:
    visitor, secret = visit(), invite(run, ada)
    assert visitor.post("/join", json={"secret": secret}).json()["code"] == "csrf"
    for origin in ("https://evil.example", "http://127.0.0.1:9999", "null", "http://[::1"):
        assert join(visitor, secret, Origin=origin).status_code == 403
    assert join(visitor, secret, Origin=LOCAL).status_code == 204
    assert visitor.post("/leave").json()["code"] == "csrf"
    assert visitor.get("/api/v1/me").status_code == 200


def test_leaving_ends_the_session_in_the_store(visit: Visit, run: Run, ada: str) -> None:
    visitor = visit()
    join(visitor, invite(run, ada))
    secret = visitor.cookies["redraft_session"]
    left = visitor.post("/leave", headers=OWN)
    assert left.status_code == 204 and "Max-Age=0" in left.headers["set-cookie"]
    assert run.store.holder(secret, *TokenKind) is None
    assert visit().post("/leave", headers=OWN).status_code == 204, "nobody to sign out"


def test_a_disabled_user_is_out_at_the_next_request(visit: Visit, run: Run, ada: str) -> None:
    visitor = visit()
    join(visitor, invite(run, ada))
    assert visitor.get("/api/v1/me").status_code == 200
    run.store.disable_user(ada, actor="root")
    assert visitor.get("/api/v1/me").status_code == 401


def test_an_expired_session_is_nobodys(visit: Visit, run: Run, ada: str) -> None:
    visitor = visit()
    visitor.cookies["redraft_session"] = run.store.issue_token(ada, TokenKind.SESSION, seconds=1e-9, actor="root")
    assert visitor.get("/api/v1/me").status_code == 401


def test_guessing_links_is_slowed_down(visit: Visit, run: Run, ada: str) -> None:
    visitor = visit()
    answers = [join(visitor, "guess").status_code for _ in range(FAILURES_EACH.amount + 1)]
    assert answers == [403] * FAILURES_EACH.amount + [429]
    refused = join(visitor, invite(run, ada))
    assert (refused.status_code, refused.json()["code"], refused.headers["retry-after"]) == (429, "too_often", "60")
    assert "wait a minute" in refused.json()["message"]


def test_guessing_tokens_is_slowed_down_and_working_is_not(visit: Visit, run: Run, ada: str) -> None:
    visitor = visit()
    token = run.store.issue_token(ada, TokenKind.API, seconds=HOUR, actor="root")

    def ask(secret: str) -> int:
        return int(visitor.get("/api/v1/me", headers={"Authorization": f"Bearer {secret}"}).status_code)

    assert {ask(token) for _ in range(2 * FAILURES_EACH.amount)} == {200}
    assert {ask("guess") for _ in range(FAILURES_EACH.amount)} == {401}
    assert ask(token) == ask("guess") == 429
    assert visitor.get("/join").status_code == 200


def test_every_answer_carries_the_headers(visit: Visit) -> None:
    visitor = visit()
    for path in ("/join", "/join.js", "/join.css", "/enter.js", "/healthz", "/api/v1/me", "/nowhere"):
        headers = visitor.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy and "script-src 'self';" in policy and "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
    assert "content-security-policy" in visitor.get("/join", headers={"Host": "evil.example"}).headers


def test_the_sign_in_page_has_no_inline_script(visit: Visit) -> None:
    page = visit().get("/join").text
    assert page.count("<script") == 1 and '<script src="/join.js"' in page
    assert not re.search(r"\s(on\w+|style)=", page)


@pytest.mark.parametrize(
    ("host", "port", "public_url", "asked", "status"),
    [
        ("127.0.0.1", 8501, None, "localhost:8501", 200),
        ("127.0.0.1", 8501, None, "LOCALHOST.", 200),
        ("127.0.0.1", 8501, None, "[::1]:8501", 200),
        ("127.0.0.1", 8501, None, "evil.example", 400),
        ("127.0.0.1", 8501, None, "127.0.0.1.evil.example:8501", 400),
        ("127.0.0.1", 8501, None, "evil@127.0.0.1", 400),
        ("127.0.0.1", 8501, None, "[", 400),
        ("10.0.0.7", 80, None, "10.0.0.7", 200),
        ("10.0.0.7", 80, None, "10.0.0.8", 400),
        ("0.0.0.0", 80, None, "anything.example", 200),
        ("0.0.0.0", 80, "https://redraft.example.org", "redraft.example.org", 200),
        ("0.0.0.0", 80, "https://redraft.example.org", "anything.example", 400),
    ],
)
def test_only_its_own_names_are_answered(host: str, port: int, public_url: str | None, asked: str, status: int) -> None:
    visitor = knock(Site.at(host, port, public_url))
    assert visitor.get("/", headers={"Host": asked}).status_code == status


@pytest.mark.parametrize(
    ("headers", "opens"),
    [
        ({"Origin": LOCAL}, True),
        ({"Origin": "http://localhost:3000"}, False),
        ({"Origin": "https://evil.example"}, False),
        ({"Host": "evil.example", "Origin": "http://evil.example"}, False),
        ({}, True),
    ],
)
def test_a_page_of_another_site_opens_no_session(headers: dict[str, str], opens: bool) -> None:
    visitor, stream = knock(Site.at("127.0.0.1", 8501)), "ws://127.0.0.1:8501/stream"
    if opens:
        with visitor.websocket_connect(stream, headers=headers):
            return
    with pytest.raises(WebSocketDisconnect) as refused, visitor.websocket_connect(stream, headers=headers):
        pass
    assert refused.value.code == 1008


def test_no_secret_is_logged(visit: Visit, run: Run, ada: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    visitor, secret = visit(), invite(run, ada)
    join(visitor, secret)
    join(visitor, secret)
    session = visitor.cookies["redraft_session"]
    told = caplog.text + repr(run.store.audit()) + repr(run.store.tokens())
    assert secret not in told and session not in told


@pytest.mark.parametrize("url", ["ftp://x.org", "https://x.org/app", "x.org", "https://", "https://me:pw@x.org"])
def test_a_public_url_is_an_address_without_a_path(url: str) -> None:
    with pytest.raises(ConfigError, match="will not do"):
        Site.at("0.0.0.0", 80, url)


def test_every_role_may_do_what_the_lower_ones_may(run: Run, ada: str) -> None:
    assert authorised(run.store, ada).name == ada
    with pytest.raises(NotAllowed, match=r"mere annotator.*an admin"):
        authorised(run.store, ada, Role.ADMIN)
    run.store.set_role(ada, Role.RESEARCHER, actor="root")
    assert authorised(run.store, ada, Role.REVIEWER).role is Role.RESEARCHER
    run.store.disable_user(ada, actor="root")
    with pytest.raises(NotAllowed, match="disabled"):
        authorised(run.store, ada)
    with pytest.raises(NotAllowed, match="Nobody called Eve"):
        authorised(run.store, "Eve")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[auth", "is no TOML"),
        ("", "client_id: field required"),
        ('[auth]\nclient_id = "a"\nclient_secret = "hush"\nserver_metadata_url = "x"', "server_metadata_url"),
        (
            '[auth]\nclient_id = "a"\nclient_secret = "hush"\nserver_metadata_url = "https://x"\nredirect = 1',
            "redirect",
        ),
    ],
)
def test_a_providers_file_is_checked_and_its_secret_not_shown(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "oidc.toml"
    with pytest.raises(ConfigError, match="cannot read"):
        read_provider(file)
    file.write_text(text)
    with pytest.raises(ConfigError, match=says) as refused:
        read_provider(file)
    assert "hush" not in str(refused.value)
    assert "hush" not in repr(Provider(client_id="a", client_secret="hush", server_metadata_url="https://x"))


def test_a_providers_word_is_taken_while_it_is_fresh() -> None:
    claims = {"iat": 1000, "email": "ada@example.org"}
    assert vouched_address(claims, 1000 + FRESH_SECONDS) == "ada@example.org"
    assert vouched_address(claims, 1001 + FRESH_SECONDS) is None
    assert vouched_address({"email": "ada@example.org"}, 0.0) is None
    for wrong, says in (({"email_verified": False}, "not verified"), ({"email": ""}, "no e-mail address")):
        with pytest.raises(ConfigError, match=says):
            vouched_address(claims | wrong, 1000.0)
