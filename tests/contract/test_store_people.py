"""People, the secrets they sign in with, and projects: what every database does."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from redraft.errors import DataError, NotAllowed
from redraft.records import MAIN_PROJECT, Project, ProjectKind, Role, TokenKind, WorkFilter
from redraft.store import Store, tables

from .conftest import Clock

HOUR = 3600.0


@pytest.fixture
def ada(store: Store) -> str:
    return store.add_user("Ada", Role.ANNOTATOR, email="Ada@Example.org", actor="root").name


def night(**values: object) -> Project:
    return Project.model_validate({"id": "night-shift", "title": "Night shift", "created_at": 5.0} | values)


def test_a_user_is_added_once_with_role_and_address(store: Store, ada: str) -> None:
    user = store.user(ada)
    assert user is not None
    assert (user.role, user.email, user.disabled, user.work) == (Role.ANNOTATOR, "ada@example.org", False, WorkFilter())
    with pytest.raises(DataError, match="a user 'Ada' already"):
        store.add_user("  Ada ", Role.ADMIN, actor="root")
    assert store.add_user("Zoe\u0308  Li", Role.REVIEWER, actor="root").name == "Zoë Li"


@pytest.mark.parametrize("name", ["oracle-0", "Oracle", "ORACLE 7"])
def test_simulated_annotators_are_nobodys_account(store: Store, name: str) -> None:
    with pytest.raises(DataError, match="simulated"):
        store.add_user(name, Role.ANNOTATOR, actor="root")
    store.ensure_user(name)
    with pytest.raises(NotAllowed, match="simulated"):
        store.issue_token(name, TokenKind.INVITE, seconds=1, actor="root")


def test_a_person_is_found_by_address_in_any_letter_case(store: Store, ada: str) -> None:
    assert store.user_by_email(" ADA@example.ORG ") == store.user(ada)
    assert store.user_by_email("bob@example.org") is None
    store.set_email(ada, None, actor="root")
    assert store.user_by_email("ada@example.org") is None


def test_an_address_has_one_owner(store: Store, ada: str) -> None:
    with pytest.raises(DataError, match=r"belongs to 'Ada' already"):
        store.add_user("Bob", Role.ANNOTATOR, email="ADA@example.org", actor="root")
    store.ensure_user("Bob")
    with pytest.raises(DataError, match="belongs to 'Ada' already"):
        store.set_email("Bob", "ada@example.org", actor="root")
    store.set_email(ada, "ada@example.org", actor="root")


@pytest.mark.parametrize("email", ["", "ada", "a@b@c", "a b@c", "@c", "a@", "a\u202e@b.org", "x" * 65 + "@b.org"])
def test_an_address_looks_like_one(store: Store, ada: str, email: str) -> None:
    with pytest.raises(DataError, match="no e-mail address"):
        store.set_email(ada, email, actor="root")


def test_roles_change_and_one_admin_remains(store: Store, ada: str) -> None:
    store.set_role(ada, Role.ADMIN, actor="root")
    for taken in (
        lambda: store.set_role(ada, Role.REVIEWER, actor="Ada"),
        lambda: store.disable_user(ada, actor="Ada"),
    ):
        with pytest.raises(NotAllowed, match="last admin"):
            taken()
    store.add_user("Bob", Role.ADMIN, actor="Ada")
    store.set_role(ada, Role.REVIEWER, actor="Bob")
    assert store.user(ada).role is Role.REVIEWER  # type: ignore[union-attr]
    with pytest.raises(DataError, match="unknown role 'king'"):
        store.set_role(ada, "king", actor="Bob")  # type: ignore[arg-type]
    with pytest.raises(NotAllowed, match="no user 'Eve'"):
        store.set_role("Eve", Role.ADMIN, actor="Bob")


def test_a_disabled_admin_does_not_count_as_one(store: Store, ada: str) -> None:
    store.add_user("Bob", Role.ADMIN, actor="root")
    store.set_role(ada, Role.ADMIN, actor="root")
    store.disable_user("Bob", actor=ada)
    with pytest.raises(NotAllowed, match="last admin"):
        store.disable_user(ada, actor=ada)


def test_what_a_person_works_on_is_kept_and_must_exist(store: Store, ada: str) -> None:
    work = WorkFilter(projects=(MAIN_PROJECT,), longest=300)
    store.set_work(ada, work, actor="root")
    assert store.user(ada).work == work  # type: ignore[union-attr]
    with pytest.raises(DataError, match="no project 'nowhere'"):
        store.set_work(ada, WorkFilter(projects=("nowhere",)), actor="root")
    with pytest.raises(NotAllowed, match="no user 'Eve'"):
        store.set_work("Eve", work, actor="root")


def test_an_invitation_signs_in_once(store: Store, ada: str) -> None:
    invite = store.issue_token(ada, TokenKind.INVITE, seconds=HOUR, label="by hand", actor="root")
    assert store.holder(invite, TokenKind.SESSION, TokenKind.API) is None, "an invitation opens nothing else"
    user, session = store.redeem_invite(invite, seconds=HOUR)
    assert user == store.holder(session, TokenKind.SESSION)
    assert store.holder(session, TokenKind.API) is None
    with pytest.raises(NotAllowed, match="used already"):
        store.redeem_invite(invite, seconds=HOUR)
    with pytest.raises(NotAllowed, match="not known"):
        store.redeem_invite(session, seconds=HOUR)


@pytest.mark.parametrize("secret", ["", "nobody's", "\x00", "ä" * 43, "\ud800", "x" * 100_000])
def test_a_made_up_secret_is_nobodys(store: Store, ada: str, secret: str) -> None:
    assert store.holder(secret, *TokenKind) is None
    with pytest.raises(NotAllowed, match="not known"):
        store.redeem_invite(secret, seconds=HOUR)


def test_secrets_end_when_their_time_is_over(store: Store, clock: Clock, ada: str) -> None:
    late, invite = (store.issue_token(ada, TokenKind.INVITE, seconds=HOUR, actor="root") for _ in range(2))
    _, session = store.redeem_invite(invite, seconds=2 * HOUR)
    clock.now += HOUR
    with pytest.raises(NotAllowed, match="expired"):
        store.redeem_invite(late, seconds=HOUR)
    assert store.holder(session, TokenKind.SESSION) is not None
    clock.now += HOUR
    assert store.holder(session, TokenKind.SESSION) is None
    assert store.tokens() == []


def test_of_two_who_open_a_link_at_once_one_gets_in(store: Store, ada: str) -> None:
    invite = store.issue_token(ada, TokenKind.INVITE, seconds=HOUR, actor="root")
    start, got = threading.Barrier(4), list[str]()

    def redeem() -> None:
        start.wait()
        try:
            got.append(store.redeem_invite(invite, seconds=HOUR)[1])
        except NotAllowed:
            got.append("")

    threads = [threading.Thread(target=redeem) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(bool, got)) == [False, False, False, True]


def test_disabling_takes_every_secret_away_for_good(store: Store, ada: str) -> None:
    kinds = (TokenKind.SESSION, TokenKind.API, TokenKind.INVITE)
    session, api, invite = (store.issue_token(ada, kind, seconds=HOUR, actor="root") for kind in kinds)
    store.disable_user(ada, actor="root")
    assert store.holder(session, *TokenKind) is store.holder(api, *TokenKind) is None
    with pytest.raises(NotAllowed):
        store.redeem_invite(invite, seconds=HOUR)
    with pytest.raises(NotAllowed, match="'Ada' is disabled"):
        store.issue_token(ada, TokenKind.INVITE, seconds=HOUR, actor="root")
    store.enable_user(ada, actor="root")
    assert store.holder(session, *TokenKind) is store.holder(api, *TokenKind) is None
    again = store.issue_token(ada, TokenKind.API, seconds=HOUR, actor="root")
    assert store.holder(again, TokenKind.API) == store.user(ada)


def test_tokens_are_listed_and_revoked_by_a_name_that_opens_nothing(store: Store, clock: Clock, ada: str) -> None:
    api = store.issue_token(ada, TokenKind.API, seconds=HOUR, label="script", actor="root")
    clock.now += 1
    store.issue_token(ada, TokenKind.SESSION, seconds=HOUR, actor="root")
    assert [token.kind for token in store.tokens(ada)] == [TokenKind.SESSION, TokenKind.API]
    token = store.tokens(ada)[1]
    assert (token.label, token.user, token.used_at) == ("script", ada, None)
    assert store.holder(token.id, *TokenKind) is None
    store.revoke_token(token.id, actor="root")
    assert store.holder(api, TokenKind.API) is None
    with pytest.raises(NotAllowed, match="no token"):
        store.revoke_token(token.id, actor="root")


def test_ending_sessions_leaves_api_tokens(store: Store, ada: str) -> None:
    api, *sessions = (
        store.issue_token(ada, kind, seconds=HOUR, actor="root")
        for kind in (TokenKind.API, TokenKind.SESSION, TokenKind.SESSION)
    )
    assert store.end_sessions(ada, actor="root") == 2
    assert [store.holder(secret, *TokenKind) for secret in sessions] == [None, None]
    assert store.holder(api, TokenKind.API) is not None
    with pytest.raises(NotAllowed, match="no user 'Eve'"):
        store.end_sessions("Eve", actor="root")


@pytest.mark.parametrize(
    ("asked", "says"),
    [({"label": "x" * 81}, "at most 80"), ({"label": "a\nb"}, "printable"), ({"seconds": 0}, "positive time")],
)
def test_a_token_that_makes_no_sense_is_refused(store: Store, ada: str, asked: dict[str, str], says: str) -> None:
    with pytest.raises(DataError, match=says):
        store.issue_token(ada, TokenKind.API, actor="root", **{"seconds": HOUR, **asked})  # type: ignore[arg-type]
    with pytest.raises(NotAllowed, match="no user 'Eve'"):
        store.issue_token("Eve", TokenKind.API, seconds=HOUR, actor="root")


def test_no_secret_is_written_down_anywhere(store: Store, ada: str, tmp_path: Path) -> None:
    invite = store.issue_token(ada, TokenKind.INVITE, seconds=HOUR, actor="root")
    user, session = store.redeem_invite(invite, seconds=HOUR)
    api = store.issue_token(ada, TokenKind.API, seconds=HOUR, label="script", actor=ada)
    with store._db.read() as connection:
        rows = [str(row) for table in tables.metadata.sorted_tables for row in connection.execute(sa.select(table))]
    told = "\n".join([*rows, repr(store.tokens()), repr(user), repr(store), repr(store.audit())])
    assert not [secret for secret in (invite, session, api) if secret in told]
    assert min(map(len, (invite, session, api))) >= 43, "256 bits, six to a character"


def test_every_deed_is_in_the_audit_log(store: Store, ada: str) -> None:
    invite = store.issue_token(ada, TokenKind.INVITE, seconds=HOUR, actor="root")
    store.redeem_invite(invite, seconds=HOUR)
    store.set_role(ada, Role.REVIEWER, actor="root")
    store.set_email(ada, "a@b.org", actor="root")
    store.set_work(ada, WorkFilter(longest=9), actor="root")
    store.end_sessions(ada, actor="root")
    store.disable_user(ada, actor="root")
    store.enable_user(ada, actor="root")
    store.add_project(night(), actor="root")
    store.update_project(night(open=False), actor="root")
    done = [(entry.actor, entry.action) for entry in store.audit()]
    assert done == [
        *(("root", action) for action in ("add_user", "issue_token")),
        ("Ada", "sign_in"),
        *(("root", action) for action in ("set_role", "set_email", "set_work", "end_sessions", "disable_user")),
        *(("root", action) for action in ("enable_user", "add_project", "update_project")),
    ]
    latest = store.latest_audit(2)
    assert [entry.action for entry in latest] == ["update_project", "add_project"]
    assert latest[0].detail == "night-shift: open False"
    assert [entry.action for entry in store.latest_audit(9, actor="Ada")] == ["sign_in"]
    assert [entry.actor for entry in store.latest_audit(9, action="set_role")] == ["root"]


def test_the_loops_project_is_there_from_the_start(empty_database_url: str) -> None:
    with Store.open(empty_database_url) as store:
        main = store.project(MAIN_PROJECT)
        assert (main.kind, main.open, main.budget) == (ProjectKind.CORRECTION, True, None)
        assert store.projects() == [main]


def test_projects_are_added_and_changed(store: Store) -> None:
    store.add_project(night(guidelines="<b>Look</b> twice.\nThen once more."), actor="root")
    with pytest.raises(DataError, match="'night-shift' already"):
        store.add_project(night(), actor="root")
    later = night(title="Nights", guidelines="", budget=7, open=False, created_at=99.0)
    store.update_project(later, actor="root")
    assert store.project("night-shift") == later.model_copy(update={"created_at": 5.0})
    assert store.projects()[-1].id == "night-shift"


def test_a_project_keeps_its_kind(store: Store) -> None:
    store.add_project(night(), actor="root")
    with pytest.raises(DataError, match="is for correction"):
        store.update_project(night(kind=ProjectKind.EVALUATION), actor="root")
    with pytest.raises(DataError, match="no project 'elsewhere'"):
        store.update_project(night(id="elsewhere"), actor="root")
    with pytest.raises(DataError, match="no project 'elsewhere'"):
        store.project("elsewhere")


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"id": "Night Shift"}, "no id of a project"),
        ({"id": "-x"}, "no id of a project"),
        ({"id": "x" * 41}, "no id of a project"),
        ({"title": ""}, "title has"),
        ({"title": "a\u202eb"}, "title has"),
        ({"title": "x" * 121}, "title has"),
        ({"guidelines": "x" * 20_001}, "longer than 20000"),
        ({"guidelines": "\x00"}, "NUL"),
    ],
)
def test_a_project_that_will_not_do_is_refused(store: Store, wrong: dict[str, str], says: str) -> None:
    before = store.projects()
    with pytest.raises(DataError, match=says):
        store.add_project(night(**wrong), actor="root")
    assert store.projects() == before
