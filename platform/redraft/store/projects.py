"""Projects: bodies of tasks with their own guidelines, budget, and a door that can be shut."""

from __future__ import annotations

import re

import sqlalchemy as sa

from redraft.errors import DataError
from redraft.records import Project
from redraft.store import tables
from redraft.store.audit import note
from redraft.store.engine import Database
from redraft.store.rows import check_text, fetch, from_row, to_row

LONGEST_TITLE = 120
LONGEST_GUIDELINES = 20_000

_projects = tables.projects
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


class ProjectPart:
    """The part of the store that knows projects; ``main`` is there from the start."""

    _db: Database

    def add_project(self, project: Project, *, actor: str) -> None:
        """A new project.

        Raises:
            DataError: the id, the title or the guidelines will not do, or there is a project of that id.
        """
        _check(project)
        with self._db.write() as connection:
            self._db.lock(connection, "projects")
            if _find(connection, project.id) is not None:
                raise DataError(f"there is a project {project.id!r} already: choose another id")
            connection.execute(_projects.insert().values(to_row(_projects, project)))
            note(connection, self._db.clock(), actor, "add_project", f"{project.id}: {project.kind}")

    def update_project(self, project: Project, *, actor: str) -> None:
        """Put another title, guidelines, budget or ``open`` in place; kind and date stay what they are.

        Raises:
            DataError: there is no such project, it would change its kind, or a text will not do.
        """
        _check(project)
        with self._db.write() as connection:
            before = _get(connection, project.id)
            if before.kind is not project.kind:
                raise DataError(f"project {project.id!r} is for {before.kind}: make another one for {project.kind}")
            after = project.model_copy(update={"created_at": before.created_at})
            changes = [name for name in Project.model_fields if getattr(before, name) != getattr(after, name)]
            if changes:
                row = to_row(_projects, after)
                connection.execute(_projects.update().where(_projects.c.id == project.id).values(row))
                note(connection, self._db.clock(), actor, "update_project", _told(after, changes))

    def project(self, id: str) -> Project:
        """One project; DataError if there is none of that id."""
        check_text("the project's id", id)
        with self._db.read() as connection:
            return _get(connection, id)

    def projects(self) -> list[Project]:
        """All of them, oldest first."""
        with self._db.read() as connection:
            return fetch(connection, Project, sa.select(_projects).order_by(_projects.c.seq))


def _find(connection: sa.Connection, id: str) -> Project | None:
    row = connection.execute(sa.select(_projects).where(_projects.c.id == id)).mappings().first()
    return None if row is None else from_row(Project, row)


def _get(connection: sa.Connection, id: str) -> Project:
    found = _find(connection, id)
    if found is None:
        raise DataError(f"there is no project {id!r}: add it first, or name another")
    return found


def _told(project: Project, changes: list[str]) -> str:
    values = [name if name == "guidelines" else f"{name} {getattr(project, name)}" for name in changes]
    return f"{project.id}: {', '.join(values)}"


def _check(project: Project) -> None:
    if not _ID.fullmatch(project.id):
        raise DataError(f"{project.id[:80]!r} is no id of a project: use up to 40 small letters, digits and hyphens")
    if not 1 <= len(project.title) <= LONGEST_TITLE or not project.title.isprintable() or not project.title.strip():
        raise DataError(f"a project's title has 1 to {LONGEST_TITLE} printable characters: change that of {project.id}")
    if len(project.guidelines) > LONGEST_GUIDELINES:
        raise DataError(f"the guidelines of {project.id} are longer than {LONGEST_GUIDELINES} characters: shorten them")
