"""The words around the figures: how much is done, and the paragraph that states only what the intervals support."""

from __future__ import annotations

from redraft.report.wording import count
from redraft.scaling.analysis import Analysis
from redraft.scaling.design import StudyConfig
from redraft.scaling.findings import CLAIMS, Finding


def coverage(config: StudyConfig, analysis: Analysis) -> str:
    """What the figures rest on, and what is still missing."""
    text = (
        f"{analysis.done:,} of {analysis.planned:,} cells; {count(len(analysis.bases), 'base')}, "
        f"{count(len(analysis.seeds), 'seed')}, {analysis.images:,} test pictures."
    )
    if analysis.done < analysis.planned:
        return f"Unfinished: {text} Points average what is there."
    if len(analysis.seeds) * len(analysis.bases) == 1:
        text += " With a single training a point, the intervals cover the choice of pictures alone."
    return text


def paragraph(config: StudyConfig, analysis: Analysis) -> str:
    """Claim by claim, each with its verdict; nothing of claims whose arms the study does not have."""
    parts = []
    for claim in CLAIMS:
        found = [finding for finding in analysis.findings if finding.claim == claim]
        parts += [
            f"{finding.statement}{_where(config, finding)}: {finding.verdict}. {finding.sentence}" for finding in found
        ]
    return " ".join([coverage(config, analysis), *parts])


def _where(config: StudyConfig, finding: Finding) -> str:
    condition = f"condition {finding.condition}" if len(config.conditions) > 1 else ""
    rounds = f"{finding.rounds} rounds" if len(config.rounds) > 1 else ""
    inside = ", ".join(part for part in (condition, rounds) if part)
    return f" ({inside})" if inside else ""
