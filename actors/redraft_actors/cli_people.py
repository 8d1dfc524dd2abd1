"""`redraft users`, `redraft projects` and `redraft tokens`: who works on a run, on what, and with which secrets."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from redraft.errors import DataError, NotAllowed
from redraft.records import Project, ProjectKind, Role, TokenKind, User
from redraft.runs import RunFolder
from redraft.store import Store

users = typer.Typer(no_args_is_help=True)
projects = typer.Typer(no_args_is_help=True)
tokens = typer.Typer(no_args_is_help=True)

console = Console()

_DEFAULT_URL = "http://127.0.0.1:8501"
_HOUR, _DAY = 3600.0, 86400.0

Run = Annotated[Path, typer.Argument(help="Folder of a run, e.g. runs/quickstart.")]
Name = Annotated[str, typer.Argument(help="Name of the person.")]
Id = Annotated[str, typer.Argument(help="Short name, e.g. night-shift.")]


class TokenScope(StrEnum):
    """What a program's token opens, and the other one does not."""

    TASKS = "tasks"
    POLICY = "policy"


@users.command()
def invite(
    run: Run,
    name: Name,
    role: Annotated[Role | None, typer.Option(help="What they may do; default: annotator.")] = None,
    email: Annotated[str | None, typer.Option(help="Address by which an identity provider knows them.")] = None,
    hours: Annotated[float, typer.Option(min=0.01, help="How long the link works, unless it is used.")] = 168.0,
    url: Annotated[str | None, typer.Option(help="Address of the pages; default: where they are served now.")] = None,
) -> None:
    """Print a link that signs somebody in, once; the account is made if there is none."""
    from redraft_ui.access.site import join_link
    from redraft_ui.running import served_at

    with _opened(run) as (store, actor):
        user = _invited(store, name, role, email, actor)
        label = "invited by hand"
        secret = store.issue_token(user.name, TokenKind.INVITE, seconds=hours * _HOUR, label=label, actor=actor)
    served = url or served_at(run)
    _say(f"For {user.name}, {user.role}; it works once, within {_span(hours)}:\n")
    _say(f"    {join_link((served or _DEFAULT_URL).rstrip('/'), secret)}\n")
    if served is None:
        _say(f"No pages are served from here now. Start them with: redraft ui {run}")


@users.command("list")
def list_users(run: Run) -> None:
    """Show who works on the run."""
    with _opened(run) as (store, _):
        people, held = store.users(), store.tokens()
    table = Table("name", "role", "address", "signed in", "works on")
    for user in people:
        sessions = sum(token.user == user.name and token.kind is TokenKind.SESSION for token in held)
        state = "disabled" if user.disabled else f"{sessions}x" if sessions else ""
        table.add_row(*map(Text, (user.name, user.role, user.email or "", state, _work(user))))
    console.print(table)


@users.command()
def disable(run: Run, name: Name) -> None:
    """Shut somebody out at once; every secret of theirs becomes worthless."""
    with _opened(run) as (store, actor):
        store.disable_user(name, actor=actor)
    _say(f"{name} is out. What they answered stays. Let them in again with: redraft users enable {run} {quote(name)}")


@users.command()
def enable(run: Run, name: Name) -> None:
    """Let a disabled person work again; they need a new link."""
    with _opened(run) as (store, actor):
        store.enable_user(name, actor=actor)
    _say(f"{name} may work again. Make them a link with: redraft users invite {run} {quote(name)}")


@users.command("role")
def set_role(run: Run, name: Name, role: Annotated[Role, typer.Argument(help="The new role.")]) -> None:
    """Give somebody another role, from their next request on."""
    with _opened(run) as (store, actor):
        store.set_role(name, role, actor=actor)
    _say(f"{name} is {role} now.")


@users.command()
def signout(run: Run, name: Name) -> None:
    """End all of somebody's sessions; their API tokens stay."""
    with _opened(run) as (store, actor):
        ended = store.end_sessions(name, actor=actor)
    _say(f"{ended} session{'' if ended == 1 else 's'} of {name} ended.")


@projects.command("add")
def add_project(
    run: Run,
    id: Id,
    title: Annotated[str, typer.Argument(help="What people read, e.g. 'Night shift'.")],
    kind: Annotated[ProjectKind, typer.Option(help="Correct texts, or only mark what is wrong.")] = (
        ProjectKind.CORRECTION
    ),
    guidelines: Annotated[Path | None, typer.Option(help="File of plain text shown to annotators.")] = None,
    budget: Annotated[int | None, typer.Option(min=1, help="No more tasks after so many answers.")] = None,
) -> None:
    """Add a project beside the run's own, which is called main."""
    with _opened(run) as (store, actor):
        project = Project(
            id=id, title=title, kind=kind, guidelines=_text(guidelines), budget=budget, created_at=time.time()
        )
        store.add_project(project, actor=actor)
    _say(f"Project {id} is there. Put tasks into it with: redraft import")


@projects.command("list")
def list_projects(run: Run) -> None:
    """Show the projects of the run."""
    with _opened(run) as (store, _):
        found = store.projects()
    table = Table("id", "title", "kind", "budget", "open")
    for project in found:
        budget = "none" if project.budget is None else str(project.budget)
        table.add_row(*map(Text, (project.id, project.title, project.kind, budget, "yes" if project.open else "no")))
    console.print(table)


@projects.command("close")
def close_project(run: Run, id: Id) -> None:
    """Hand out no more tasks of a project; answers to those in hand are taken."""
    _update(run, id, open=False)
    _say(f"Project {id} is closed.")


@projects.command("open")
def open_project(run: Run, id: Id) -> None:
    """Hand out tasks of a project again."""
    _update(run, id, open=True)
    _say(f"Project {id} is open.")


@projects.command("budget")
def set_budget(run: Run, id: Id, answers: Annotated[int, typer.Argument(min=0, help="0: no limit.")]) -> None:
    """Say after how many answers a project hands out no more tasks."""
    _update(run, id, budget=answers or None)
    _say(f"Project {id} takes {answers} answers." if answers else f"Project {id} has no limit.")


@tokens.command("new")
def new_token(
    run: Run,
    name: Name,
    label: Annotated[str, typer.Option(help="What it is for, e.g. 'import script'.")] = "",
    days: Annotated[float, typer.Option(min=0.01, help="How long it works.")] = 90.0,
    scope: Annotated[
        TokenScope, typer.Option(help="What it opens: the tasks of the person, or the served policy.")
    ] = TokenScope.TASKS,
) -> None:
    """Print a token with which a program does one kind of thing as a person; it is shown this once."""
    kind = TokenKind.POLICY if scope is TokenScope.POLICY else TokenKind.API
    with _opened(run) as (store, actor):
        secret = store.issue_token(name, kind, seconds=days * _DAY, label=label, actor=actor)
    console.print(secret, markup=False, highlight=False, soft_wrap=True)


@tokens.command("list")
def list_tokens(run: Run, name: Annotated[str | None, typer.Argument(help="Only this person's.")] = None) -> None:
    """Show links, sessions and tokens that are still good, without their secrets."""
    with _opened(run) as (store, _):
        found = store.tokens(name)
    table = Table("id", "person", "kind", "label", "until")
    for token in found:
        until = time.strftime("%Y-%m-%d %H:%M", time.localtime(token.expires_at))
        kind = f"{token.kind} (used)" if token.used_at else token.kind
        table.add_row(*map(Text, (token.id, token.user, kind, token.label, until)))
    console.print(table)


@tokens.command("revoke")
def revoke_token(run: Run, id: Annotated[str, typer.Argument(help="As `tokens list` shows it.")]) -> None:
    """Make a link, a session or a token worthless."""
    with _opened(run) as (store, actor):
        store.revoke_token(id, actor=actor)
    _say(f"{id} is worth nothing now.")


@contextmanager
def _opened(run: Path) -> Iterator[tuple[Store, str]]:
    """The run's store, and whom the audit log names."""
    from redraft_ui.access.local import account

    with RunFolder.open(run).store() as store:
        yield store, account()


def _invited(store: Store, name: str, role: Role | None, email: str | None, actor: str) -> User:
    user = store.user(name)
    if user is None:
        return store.add_user(name, role or Role.ANNOTATOR, email=email, actor=actor)
    if role not in (None, user.role):
        raise NotAllowed(f"{name} is {user.role} already: change that with `redraft users role`")
    if email is not None:
        store.set_email(name, email, actor=actor)
    return user


def _update(run: Path, id: str, **changes: object) -> None:
    with _opened(run) as (store, actor):
        store.update_project(store.project(id).model_copy(update=changes), actor=actor)


def _text(file: Path | None) -> str:
    try:
        return "" if file is None else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as e:
        raise DataError(f"cannot read the guidelines in {file}: {e}") from e


def _work(user: User) -> str:
    parts = list(user.work.projects) or ["every project"]
    return ", ".join(parts) + (f", up to {user.work.longest} characters" if user.work.longest else "")


def _span(hours: float) -> str:
    return f"{hours / 24:g} days" if hours >= 48 else f"{hours:g} hours"


def _say(text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
