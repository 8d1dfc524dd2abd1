"""What a rule says about a file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from redraft.records import Record


class Finding(Record):
    """Something in a cluster file that will not do (error), or that somebody should look at (warning).

    Attributes:
        where: the path in the YAML, such as ``available_node_types.head.node_config``; of a run's config, ``config:``
            stands before it.
        message: one sentence: what is wrong, and how to mend it.
    """

    level: Literal["error", "warning"]
    where: str
    message: str


def error(where: str, message: str) -> Finding:
    """Will not do."""
    return Finding(level="error", where=where, message=message)


def warning(where: str, message: str) -> Finding:
    """Somebody should look at it."""
    return Finding(level="warning", where=where, message=message)


def failed(findings: Iterable[Finding]) -> bool:
    """Whether one of them is an error."""
    return any(finding.level == "error" for finding in findings)
