"""Drafts: what an annotator has typed and not sent yet; it outlives the browser, the server and the lease."""

from __future__ import annotations

import sqlalchemy as sa

from redraft.errors import DataError, LeaseLost
from redraft.records import Draft
from redraft.store import tables
from redraft.store.checks import MAX_CHARACTERS, MAX_MARKS
from redraft.store.engine import Database
from redraft.store.rows import check_text, from_row, put_newer, to_row
from redraft.store.users import refuse_disabled

_corrections = tables.corrections
_drafts = tables.drafts
_leases = tables.leases


class DraftPart:
    """The part of the store that keeps unfinished answers."""

    _db: Database

    def save_draft(self, draft: Draft) -> Draft:
        """Keep a draft unless a newer revision is there; returns what is stored then, dated by the store.

        The annotator must hold the task, have a draft of it already (so what is typed after the lease ran out is
        kept), or have answered it and be about to reopen that answer.

        Raises:
            LeaseLost: none of these is so.
            DataError: the draft is too large, or holds text that cannot be stored.
            NotAllowed: the annotator's account is disabled.
        """
        _check(draft)
        now = self._db.clock()
        row = to_row(_drafts, draft) | {"saved_at": now}
        with self._db.write() as connection:
            refuse_disabled(connection, draft.annotator)
            if not connection.execute(sa.select(_may_draft(draft, now))).scalar_one():
                raise LeaseLost(f"the lease on task {draft.task_id} ran out or is someone else's: take the next task")
            put_newer(connection, _drafts, row, "revision", "task_id", "annotator")
            return from_row(Draft, connection.execute(_of(draft.task_id, draft.annotator)).mappings().one())

    def draft(self, task_id: str, annotator: str) -> Draft | None:
        """What the annotator last typed for a task, or None; an answer takes its draft away."""
        with self._db.read() as connection:
            row = connection.execute(_of(task_id, annotator)).mappings().first()
            return None if row is None else from_row(Draft, row)


def _of(task_id: str, annotator: str) -> sa.Select[tuple[object, ...]]:
    for what, value in (("the task's id", task_id), ("the annotator's name", annotator)):
        check_text(what, value)
    return sa.select(_drafts).where(_drafts.c.task_id == task_id, _drafts.c.annotator == annotator)


def _may_draft(draft: Draft, now: float) -> sa.ColumnElement[bool]:
    def theirs(table: sa.Table, *more: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
        return sa.exists().where(table.c.task_id == draft.task_id, table.c.annotator == draft.annotator, *more)

    return sa.or_(
        theirs(_leases, _leases.c.expires_at > now),
        theirs(_drafts),
        theirs(_corrections, _corrections.c.current, sa.not_(_corrections.c.review)),
    )


def _check(draft: Draft) -> None:
    texts = [edit.replacement for edit in draft.edits] + ([draft.typing.text] if draft.typing else [])
    for text in texts:
        check_text("the draft", text)
    characters = sum(len(text) for text in texts)
    if characters > MAX_CHARACTERS or max(len(draft.edits), len(draft.marks)) > MAX_MARKS:
        raise DataError(
            f"a draft holds at most {MAX_CHARACTERS} characters of new text, {MAX_MARKS} edits and {MAX_MARKS} marks"
        )
