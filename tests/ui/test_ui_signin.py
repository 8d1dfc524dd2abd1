"""Signing in at a real browser: by link, and by an identity provider."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from redraft.config import Config
from redraft.records import TokenKind
from redraft.runs import RunFolder
from redraft.store import Store

from .browsing import CHROMIUM, PATIENCE_MS, Server, chromium_browser, serving
from .oidc_provider import CLIENT_ID, CLIENT_SECRET, OidcProvider, oidc_provider

expect.set_options(timeout=PATIENCE_MS)
pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")]

EXPECTED = ("Executing inline script", "status of 401", "status of 403")
"""Streamlit's own script, a used link, and whatever the page still asked for while it was signed out."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    config = Config.model_validate({"name": "signin", "annotate": {"by": "human"}})
    return RunFolder.create(tmp_path_factory.mktemp("signin") / "run", config)


@pytest.fixture(scope="module")
def store(folder: RunFolder) -> Iterator[Store]:
    with folder.store() as store:
        yield store


@pytest.fixture(scope="module")
def provider() -> Iterator[OidcProvider]:
    with oidc_provider() as provider:
        yield provider


@pytest.fixture(scope="module")
def server(folder: RunFolder, store: Store, provider: OidcProvider) -> Iterator[Server]:
    file = folder.root / "oidc.toml"
    file.write_text(
        f'[auth]\nclient_id = "{CLIENT_ID}"\nclient_secret = "{CLIENT_SECRET}"\n'
        f'server_metadata_url = "{provider.metadata_url}"\n'
    )
    with serving(folder.root, file) as server:
        yield server


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with chromium_browser() as browser:
        yield browser


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    made = chromium.new_context()
    made.set_default_timeout(PATIENCE_MS)
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


def button(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def in_as(page: Page, name: str) -> None:
    expect(page.get_by_role("button", name=name)).to_be_visible()


def signed_out(page: Page) -> None:
    expect(page.get_by_text("You need a link to sign in")).to_be_visible()


def test_a_link_signs_in_once_and_out_again(page: Page, server: Server, store: Store) -> None:
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text) if message.type == "error" else None)
    link = server.link(store, "Ada <b>x</b> **Bold**")
    page.goto(link)
    in_as(page, "Ada <b>x</b> **Bold**")
    assert page.url == f"{server.url}/"
    (cookie,) = [cookie for cookie in page.context.cookies() if cookie["name"] == "redraft_session"]
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Strict", "/")
    assert link.partition("#")[2] not in page.evaluate("document.cookie + location.href")

    page.reload()
    in_as(page, "Ada <b>x</b> **Bold**")
    button(page, "Ada <b>x</b> **Bold**")
    button(page, "Sign out")
    signed_out(page)
    assert store.holder(cookie["value"], *TokenKind) is None

    page.goto(link)
    expect(page.get_by_role("status")).to_have_text(
        "This link has been used already, and works only once: ask for a new one."
    )
    page.get_by_label("Your sign-in link").fill(server.link(store, "Ada <b>x</b> **Bold**"))
    button(page, "Sign in")
    in_as(page, "Ada <b>x</b> **Bold**")
    assert not [text for text in told if not any(known in text for known in EXPECTED)]


def test_a_disabled_user_is_out_at_the_next_click(page: Page, server: Server, store: Store) -> None:
    page.goto(server.link(store, "Bob"))
    in_as(page, "Bob")
    store.disable_user("Bob", actor="root")
    button(page, "Annotate")
    page.get_by_role("menuitem", name="Your answers").click()
    signed_out(page)


def test_an_identity_provider_lets_in_whom_the_run_knows(
    page: Page, server: Server, store: Store, provider: OidcProvider, folder: RunFolder
) -> None:
    provider.claims = {"email": "eve@example.org", "email_verified": True, "name": "<b>Eve</b>"}
    page.goto(server.url)
    button(page, "Sign in")
    expect(page.get_by_text("You are eve@example.org, which is not known here")).to_be_visible()
    assert store.user_by_email("eve@example.org") is None
    assert not [cookie for cookie in page.context.cookies() if cookie["name"] == "redraft_session"]
    button(page, "Sign in as somebody else")

    store.ensure_user("Dora")
    store.set_email("Dora", "dora@example.org", actor="root")
    provider.claims = {"email": "Dora@Example.org", "email_verified": True}
    asked = provider.asked
    button(page, "Sign in")
    in_as(page, "Dora")
    assert provider.asked == asked + 1
    assert [token.kind for token in store.tokens("Dora")] == [TokenKind.SESSION, TokenKind.INVITE]

    button(page, "Dora")
    button(page, "Sign out")
    signed_out(page)
    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    assert TokenKind.SESSION not in [token.kind for token in store.tokens("Dora")]
    assert provider.asked == asked + 1, "signing out does not sign in again"


def test_an_old_word_of_the_provider_does_not_bring_a_session_back(
    page: Page, server: Server, store: Store, provider: OidcProvider
) -> None:
    store.ensure_user("Finn")
    store.set_email("Finn", "finn@example.org", actor="root")
    provider.claims, provider.age = {"email": "finn@example.org"}, 3000.0
    page.goto(server.url)
    asked = provider.asked
    with page.expect_navigation(url=f"{server.url}/"):
        button(page, "Sign in")
    assert provider.asked == asked + 1
    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    assert store.tokens("Finn") == []
    provider.age = 0.0
    button(page, "Sign in")
    in_as(page, "Finn")
