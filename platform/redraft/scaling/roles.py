"""Which arm stands for what in the claims: told by what an arm is, never by its name."""

from __future__ import annotations

from redraft.scaling.design import Arm, StudyConfig


def main_arm(config: StudyConfig) -> str | None:
    """The corrections arm that the claims are about: the reference if it is one, else the first."""
    corrections = [name for name, arm in config.arms.items() if arm.labels == "corrections"]
    return config.reference() if config.reference() in corrections else next(iter(corrections), None)


def ranking_arms(config: StudyConfig) -> list[str]:
    """Arms that learn from rankings of whole responses."""
    return [name for name, arm in config.arms.items() if arm.labels == "rankings"]


def dense_arms(config: StudyConfig) -> list[tuple[str, str]]:
    """Each arm that weighs changed words more, with the one that differs from it in nothing but that.

    Sharpness and normalisation should be alike, too; where no plain arm has the same, the search chose for each.
    """
    plain = {name: arm for name, arm in config.arms.items() if _prefers(arm) and arm.objective.gamma == 1}
    pairs = []
    for name, arm in config.arms.items():
        alike = [other for other in plain if _without_weight(plain[other]) == _without_weight(arm)]
        if is_dense(arm) and alike:
            pairs.append((name, next((other for other in alike if _scale(plain[other]) == _scale(arm)), alike[0])))
    return pairs


def supervised_arms(config: StudyConfig) -> list[str]:
    """Arms that train on the corrected texts alone, with no preference."""
    return [name for name, arm in config.arms.items() if arm.labels == "corrections" and not _prefers(arm)]


def is_dense(arm: Arm) -> bool:
    """Whether a correction's changed words weigh more in its preference term."""
    return arm.labels == "corrections" and _prefers(arm) and arm.objective.gamma > 1


def _prefers(arm: Arm) -> bool:
    return arm.objective.preference > 0


def _without_weight(arm: Arm) -> str:
    """All of an arm but its weight and what a search may set."""
    objective = {"gamma", "beta", "normalise", "preset", "diff"}
    return arm.model_dump_json(exclude={"recipe": True, "multiples": True, "objective": objective})


def _scale(arm: Arm) -> tuple[float, bool]:
    return arm.objective.beta, arm.objective.normalise
