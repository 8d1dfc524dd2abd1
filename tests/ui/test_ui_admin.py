"""The Admin page: what its forms do, who may use them, and that what people have written stays text."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from redraft.records import MAIN_PROJECT, ProjectKind, Role, TokenKind, WorkFilter
from redraft_ui.access import session

from .conftest import Run

HOSTILE = "<b>Eve</b> **x** $y$ :red[z]"
SCRIPT = """
from pathlib import Path
from redraft_ui.access import admin_page, session
from redraft_ui.workplace import Workplace

work = Workplace.open(Path({root!r}))
user = session.signed_in(work)
if user is None:
    session.sign_in_page(work)
else:
    admin_page.page(work, user)
"""


@pytest.fixture
def admin(run: Run, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The page as an admin called root sees it."""
    run.store.add_user("root", Role.ADMIN, actor="root")
    secret = run.store.issue_token("root", TokenKind.SESSION, seconds=3600, actor="root")
    monkeypatch.setattr(session, "session_secret", lambda: secret)
    return AppTest.from_string(SCRIPT.format(root=str(run.root)), default_timeout=20).run()


def press(app: AppTest, label: str) -> AppTest:
    (button,) = [button for button in app.button if button.label == label]
    app = button.click().run()
    assert not app.exception
    return app


def save(app: AppTest, nth: int) -> None:
    """Press the Save of the tab about people (0) or about projects (1)."""
    [button for button in app.button if button.label == "Save"][nth].click().run()
    assert not app.exception


def fill(app: AppTest, kind: str, label: str, value: object, nth: int = 0) -> None:
    [field for field in app.get(kind) if field.label == label][nth].set_value(value)


def link_in(app: AppTest) -> str:
    (code,) = app.code
    found = re.fullmatch(r"(http://\S+)?/join#(\S{43})", code.value)
    assert found is not None
    return found[2]


def test_somebody_is_invited_and_the_link_is_shown_once(admin: AppTest, run: Run) -> None:
    fill(admin, "text_input", "Name", "Ada")
    fill(admin, "selectbox", "Role", "reviewer")
    fill(admin, "text_input", "E-mail address (only for an identity provider)", "ada@example.org")
    press(admin, "Make a link")
    secret = link_in(admin)
    assert not press(admin, "Make a token").code or secret not in str(admin)
    user, _ = run.store.redeem_invite(secret, seconds=60)
    assert (user.name, user.role, user.email) == ("Ada", Role.REVIEWER, "ada@example.org")
    fill(admin, "text_input", "Name", "Ada")
    press(admin, "Make a link")
    assert "a user 'Ada' already" in admin.error[0].value.replace("\\", "")


def test_a_person_is_changed_shut_out_and_let_in(admin: AppTest, run: Run) -> None:
    run.store.add_user("Ada", Role.ANNOTATOR, actor="root")
    fill(admin.run(), "selectbox", "Person", "Ada")
    admin.run()
    fill(admin, "selectbox", "Role", "researcher", nth=1)
    fill(admin, "multiselect", "Works on", [MAIN_PROJECT])
    fill(admin, "number_input", "Longest response, in characters (0: any)", 200)
    save(admin, 0)
    ada = run.store.user("Ada")
    assert ada is not None
    assert (ada.role, ada.work) == (Role.RESEARCHER, WorkFilter(projects=(MAIN_PROJECT,), longest=200))

    secret = run.store.issue_token("Ada", TokenKind.SESSION, seconds=60, actor="root")
    press(admin, "End sessions")
    assert run.store.holder(secret, TokenKind.SESSION) is None
    press(admin, "Disable")
    assert [person.disabled for person in run.store.users()] == [True, False]
    press(admin, "Enable")
    press(admin, "New link")
    assert run.store.redeem_invite(link_in(admin), seconds=60)[0].name == "Ada"
    assert {"set_role", "set_work", "end_sessions", "disable_user", "enable_user"} <= {
        entry.action for entry in run.store.audit() if entry.actor == "root"
    }


def test_the_last_admin_cannot_shut_themselves_out(admin: AppTest, run: Run) -> None:
    press(admin, "Disable")
    assert "last admin" in admin.error[0].value
    assert [person.disabled for person in run.store.users()] == [False]


def test_projects_are_added_and_closed(admin: AppTest, run: Run) -> None:
    fill(admin, "text_input", "Short name, for example night-shift", "nights")
    fill(admin, "text_input", "Title", "Night shift")
    fill(admin, "selectbox", "What people do", "evaluation")
    fill(admin, "number_input", "Answers wanted in all (0: no limit)", 9)
    press(admin, "Add")
    project = run.store.project("nights")
    assert (project.title, project.kind, project.budget) == ("Night shift", ProjectKind.EVALUATION, 9)
    fill(admin, "selectbox", "Project", "nights")
    admin.run()
    fill(admin, "checkbox", "Tasks are handed out", False)
    save(admin, 1)
    assert not run.store.project("nights").open


def test_tokens_are_made_and_revoked(admin: AppTest, run: Run) -> None:
    fill(admin, "text_input", "What it is for", "script")
    press(admin, "Make a token")
    secret = admin.code[0].value
    assert run.store.holder(secret, TokenKind.API) is not None
    (token,) = [token for token in run.store.tokens() if token.kind is TokenKind.API]
    fill(admin, "selectbox", "Link, session or token", token.id)
    press(admin, "Make it worthless")
    assert run.store.holder(secret, *TokenKind) is None


def test_the_log_is_filtered(admin: AppTest, run: Run) -> None:
    run.store.add_user("Ada", Role.ANNOTATOR, actor="grace")
    fill(admin, "text_input", "By whom", "grace")
    admin.run()
    (table,) = [html.proto.body for html in admin.get("html") if "newest first" in html.proto.body]
    assert "The last 1 entries" in table and "Ada as annotator" in table


def test_what_people_have_written_stays_text(admin: AppTest, run: Run) -> None:
    run.store.add_user(HOSTILE, Role.ANNOTATOR, actor=HOSTILE)
    run.store.issue_token(HOSTILE, TokenKind.API, seconds=60, label=HOSTILE, actor=HOSTILE)
    fill(admin.run(), "selectbox", "Person", HOSTILE)
    press(admin.run(), "End sessions")
    press(admin, "New link")
    assert not admin.exception
    tables = [html.proto.body for html in admin.get("html")]
    assert any("&lt;b&gt;Eve" in table for table in tables) and not [table for table in tables if "<b>" in table]
    told = [shown.value for shown in (*admin.markdown, *admin.success, *admin.toast, *admin.error, *admin.caption)]
    assert any("Eve" in text for text in told)
    assert not [text for text in told if "<b>" in text or "**x" in text or " $y" in text or " :red" in text]


@pytest.mark.parametrize("role", [Role.ANNOTATOR, Role.REVIEWER, Role.RESEARCHER])
def test_nobody_else_may_look_or_write(admin: AppTest, run: Run, monkeypatch: pytest.MonkeyPatch, role: Role) -> None:
    run.store.add_user("grace", Role.ADMIN, actor="root")
    run.store.set_role("root", role, actor="grace")
    fill(admin, "text_input", "Name", "Mallory")
    (button,) = [button for button in admin.button if button.label == "Make a link"]
    button.click().run()
    assert "mere" in admin.exception[0].message
    assert run.store.user("Mallory") is None


def test_a_signed_out_admin_sees_the_way_in(admin: AppTest, run: Run) -> None:
    run.store.end_sessions("root", actor="root")
    admin.run()
    assert "need a link" in "".join(text.value for text in admin.markdown)
    assert not Path(run.root, "ui.json").exists()
