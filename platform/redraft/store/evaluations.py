"""What was measured of each policy version, and what was decided from it."""

from __future__ import annotations

import sqlalchemy as sa

from redraft.records import Evaluation, Verdict
from redraft.store import tables
from redraft.store.engine import Database
from redraft.store.rows import put

_evaluations = tables.evaluations
_verdicts = tables.verdicts


class EvaluationPart:
    """The part of the store that evaluation and promotion fill."""

    _db: Database

    def add_evaluation(self, evaluation: Evaluation) -> None:
        """Store a measurement, in place of an earlier one of the same policy version and split.

        Raises:
            StorageError: the policy version is not stored.
        """
        key = {"policy": evaluation.policy, "split": evaluation.split.value}
        with self._db.write() as connection:
            put(connection, _evaluations, key | {"record": evaluation.model_dump_json()}, "policy", "split")

    def evaluations(self, policy: str | None = None) -> list[Evaluation]:
        """All measurements (of one policy version), oldest version first."""
        query = (
            sa.select(_evaluations.c.record)
            .join(tables.policies, tables.policies.c.id == _evaluations.c.policy)
            .order_by(tables.policies.c.seq, _evaluations.c.split)
        )
        if policy is not None:
            query = query.where(_evaluations.c.policy == policy)
        with self._db.read() as connection:
            return [Evaluation.model_validate_json(record) for record in connection.scalars(query)]

    def add_verdict(self, round: int, verdict: Verdict) -> None:
        """Store the decision on a round's candidate, in place of an earlier one on the same.

        Raises:
            StorageError: the candidate is not a stored policy version.
        """
        row = {"round": round, "candidate": verdict.candidate, "record": verdict.model_dump_json()}
        with self._db.write() as connection:
            put(connection, _verdicts, row, "round", "candidate")

    def verdicts(self) -> list[tuple[int, Verdict]]:
        """All decisions with their rounds, in order."""
        query = sa.select(_verdicts.c.round, _verdicts.c.record).order_by(_verdicts.c.round, _verdicts.c.candidate)
        with self._db.read() as connection:
            found = connection.execute(query).all()
        return [(round, Verdict.model_validate_json(record)) for round, record in found]
