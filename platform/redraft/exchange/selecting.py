"""Which answers of a run are meant by a policy version or a dataset version."""

from __future__ import annotations

from redraft.errors import RunError
from redraft.store import AnswerFilter, Store


def select_answers(
    store: Store,
    *,
    policy: str | None = None,
    dataset: str | None = None,
    project: str | None = None,
    everything: bool = False,
) -> AnswerFilter:
    """The filter for what was asked: a policy version means all that it and its ancestors were trained on.

    Raises:
        RunError: a policy version and a dataset version at once, or one that the run does not have.
        DataError: the run has no such project.
    """
    if policy is not None and dataset is not None:
        raise RunError("name a policy version or a dataset version, not both: a policy has its datasets already")
    if project is not None:
        store.project(project)
    datasets: tuple[str, ...] | None = None
    if dataset is not None:
        have = [version.id for version in store.datasets()]
        if dataset not in have:
            raise RunError(f"the run has no dataset version {dataset}; it has: {', '.join(have) or 'none yet'}")
        datasets = (dataset,)
    elif policy is not None:
        datasets = _trained_on(store, policy)
    return AnswerFilter(project=project, datasets=datasets, everything=everything)


def _trained_on(store: Store, policy: str) -> tuple[str, ...]:
    known = {version.id: version for version in store.policies()}
    if policy not in known:
        raise RunError(f"the run has no policy version {policy}; it has: {', '.join(known) or 'none yet'}")
    datasets = []
    at: str | None = policy
    while at is not None:
        version = known[at]
        if version.dataset is not None:
            datasets.append(version.dataset)
        at = version.parent
    if not datasets:
        raise RunError(f"policy version {policy} learned from no corrections: leave it out, or name another")
    return tuple(datasets)
