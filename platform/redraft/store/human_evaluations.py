"""What people found when they judged policies blind, one row a project and policy version."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from redraft.records import HumanEvaluation
from redraft.store import tables
from redraft.store.audit import note
from redraft.store.engine import Database
from redraft.store.rows import put

_found = tables.human_evaluations


class HumanEvaluationPart:
    """The part of the store that closing a study fills."""

    _db: Database

    def add_human_evaluations(self, evaluations: Sequence[HumanEvaluation], *, actor: str) -> None:
        """Store the results of a study together, in place of earlier ones of the same project and policy version.

        Raises:
            StorageError: a project or policy version is not stored.
        """
        with self._db.write() as connection:
            for evaluation in evaluations:
                key = {"project": evaluation.project, "policy": evaluation.policy}
                put(connection, _found, key | {"record": evaluation.model_dump_json()}, "project", "policy")
            for project in dict.fromkeys(evaluation.project for evaluation in evaluations):
                note(connection, self._db.clock(), actor, "add_human_evaluations", project)

    def add_human_evaluation(self, evaluation: HumanEvaluation, *, actor: str) -> None:
        """Store one result; errors as ``add_human_evaluations``."""
        self.add_human_evaluations([evaluation], actor=actor)

    def human_evaluations(self, project: str | None = None) -> list[HumanEvaluation]:
        """All results (of one project), by project and then oldest policy version first."""
        query = (
            sa.select(_found.c.record)
            .join(tables.policies, tables.policies.c.id == _found.c.policy)
            .join(tables.projects, tables.projects.c.id == _found.c.project)
            .order_by(tables.projects.c.seq, tables.policies.c.seq)
        )
        if project is not None:
            query = query.where(_found.c.project == project)
        with self._db.read() as connection:
            return [HumanEvaluation.model_validate_json(record) for record in connection.scalars(query)]
