"""The whole plan of a training job: what it needs, whether that fits, and what would help if it does not."""

from __future__ import annotations

from redraft.config import Config
from redraft.errors import ResourceError
from redraft.plan.advice import suggest
from redraft.plan.estimate import TrainingPlan, estimate
from redraft.plan.hardware import GIB
from redraft.plan.shape import ModelShape
from redraft.plan.statistics import PairStatistics

MFU = 0.4
"""Model FLOPs utilisation: the share of a GPU's peak that training is assumed to reach."""


def plan_training(
    shape: ModelShape,
    config: Config,
    statistics: PairStatistics,
    *,
    machine: int | None = None,
    workers_per_machine: int | None = None,
    mfu: float = MFU,
) -> TrainingPlan:
    """Plan ``config.train`` for a model and its data; what this assumes is written in ``redraft.plan``.

    Args:
        machine: main memory of a machine, in bytes (``psutil.virtual_memory().total``); None compares nothing with it.
        workers_per_machine: how many workers share it; by default all of them.
        mfu: the share of the GPUs' peak that training is assumed to reach, above 0 and at most 1.

    Raises:
        ConfigError: if ``train.gpu`` or one of ``train.lora.targets`` is not known, or ``mfu`` is no share.
    """
    plan = estimate(shape, config, statistics, machine=machine, workers_per_machine=workers_per_machine, mfu=mfu)
    if plan.fits is not False:
        return plan
    return plan.model_copy(update={"suggestions": suggest(plan, config)})


def require_fit(plan: TrainingPlan) -> None:
    """Refuse a plan that does not fit; one whose limits are not known passes.

    Raises:
        ResourceError: naming what is short and the knobs that make it fit, or that none does.
    """
    if plan.fits is not False:
        return
    raise ResourceError(f"{_shortage(plan)}: {_remedy(plan)}")


def _shortage(plan: TrainingPlan) -> str:
    if plan.device_shortage:
        limit = (plan.device.memory or 0) / GIB
        whose = f"each {plan.device.kind} has" if plan.device.gpu else "the machine has for it"
        return (
            f"training {plan.shape.name} needs {plan.memory.total / GIB:.1f} GiB per worker, "
            f"and {whose} {limit:.1f} GiB"
        )
    host = plan.host.total * plan.workers_per_machine if plan.host else 0
    return (
        f"training {plan.shape.name} needs {host / GIB:.1f} GiB of main memory for {plan.workers_per_machine} workers "
        f"on a machine that has {(plan.machine or 0) / GIB:.1f} GiB"
    )


def _remedy(plan: TrainingPlan) -> str:
    knobs = " and ".join(s.knob for s in plan.suggestions)
    if plan.suggestions and plan.suggestions[-1].fits:
        return f"set {knobs}"
    larger = "use a smaller model or more memory"
    return f"even {knobs} do not make it fit; {larger}" if knobs else f"no setting of train makes it fit; {larger}"
