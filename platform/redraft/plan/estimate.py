"""What a training job will need, computed from a model's shape, a config and the lengths of its pairs."""

from __future__ import annotations

from pydantic import Field

from redraft.config import Config
from redraft.errors import ConfigError
from redraft.plan.flops import Flops, plan_flops
from redraft.plan.hardware import Device
from redraft.plan.job import Job, plan_job
from redraft.plan.memory import Disk, HostMemory, Memory, plan_disk, plan_host, plan_memory
from redraft.plan.shape import ModelShape
from redraft.plan.statistics import PairStatistics
from redraft.plan.tokens import Tokens
from redraft.records import Record


class Suggestion(Record):
    """A knob that, together with those suggested before it, lessens what is short."""

    knob: str = Field(description="as --set takes it, e.g. train.micro_batch=1")
    saves: int = Field(description="bytes by which the shortage shrinks, over those suggested before")
    fits: bool = Field(description="the job then fits")


class TrainingPlan(Record):
    """What a training job will need.

    Attributes:
        trained: parameters that the optimiser moves.
        device: what one of ``workers`` workers computes on.
        memory: of that device; ``host`` is a GPU worker's main memory, None on a CPU.
        machine: memory of the machine whose main memory the workers share, None where it was not given.
        workers_per_machine: how many of them share it.
        pairs_seen: in all steps, repetitions included.
        seconds: None where no peak is assumed.
        fits: None where no limit is known.
        suggestions: knobs to turn, one on top of the other; empty if the job fits.
        notes: what this plan in particular assumes or leaves out.
    """

    shape: ModelShape
    trained: int
    device: Device
    workers: int
    workers_per_machine: int
    statistics: PairStatistics
    tokens: Tokens
    memory: Memory
    host: HostMemory | None
    machine: int | None
    disk: Disk
    flops_per_pair: Flops
    pairs_seen: int
    mfu: float
    seconds: float | None
    fits: bool | None
    suggestions: tuple[Suggestion, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def device_shortage(self) -> int:
        """Bytes missing on the device; 0 where its memory suffices or is not known."""
        return max(0, self.memory.total - self.device.memory) if self.device.memory is not None else 0

    @property
    def host_shortage(self) -> int:
        """Bytes missing in the machine's main memory; 0 where it suffices, is not known, or is the device's."""
        if self.host is None or self.machine is None:
            return 0
        return max(0, self.host.total * self.workers_per_machine - self.machine)

    @property
    def shortage(self) -> int:
        """Bytes missing on all devices of a machine and in its main memory."""
        return self.device_shortage * self.workers_per_machine + self.host_shortage


def estimate(
    shape: ModelShape,
    config: Config,
    statistics: PairStatistics,
    *,
    machine: int | None,
    workers_per_machine: int | None,
    mfu: float,
) -> TrainingPlan:
    """As ``redraft.plan.plan_training``, without suggestions."""
    if not 0 < mfu <= 1:
        raise ConfigError(f"the assumed MFU is a share of the peak: give a number above 0 and at most 1, not {mfu:g}")
    together = min(workers_per_machine or config.train.workers, config.train.workers)
    job = plan_job(shape, config, statistics, None if machine is None else machine // together)
    flops = plan_flops(job)
    plan = TrainingPlan(
        shape=shape,
        trained=job.trained,
        device=job.device,
        workers=config.train.workers,
        workers_per_machine=together,
        statistics=statistics,
        tokens=job.tokens,
        memory=plan_memory(job),
        host=plan_host(job),
        machine=machine,
        disk=plan_disk(job),
        flops_per_pair=flops,
        pairs_seen=job.pairs_seen,
        mfu=mfu,
        seconds=_seconds(job, flops, mfu),
        fits=None,
        notes=_notes(job),
    )
    known = job.device.memory is not None or (plan.host is not None and machine is not None)
    return plan.model_copy(update={"fits": plan.shortage == 0}) if known else plan


def _seconds(job: Job, flops: Flops, mfu: float) -> float | None:
    if job.device.tflops is None:
        return None
    return flops.total * job.pairs_seen / (job.train.workers * job.device.tflops * 1e12 * mfu)


def _notes(job: Job) -> tuple[str, ...]:
    train, longest, notes = job.train, job.statistics.longest_sequence + 1, []
    if job.statistics.assumed:
        notes.append("lengths are assumed, like RLHF-V's: plan again once there are pairs")
    if longest > train.max_tokens:
        notes.append(f"a pair has {longest} tokens with its prompt, over train.max_tokens {train.max_tokens}")
    if not job.device.gpu:
        notes.append("no time is predicted for CPUs, whose speed is not known")
    elif train.gpu is None:
        notes.append("set train.gpu to the kind of GPU to learn whether it fits and how long it takes")
    elif not train.gpus_per_worker:
        notes.append("train.gpus_per_worker is 0: this plan gives every worker a GPU; set it to 1 to train so")
    if job.device.gpu and train.gpus_per_worker > 1:
        notes.append(f"a worker computes on one of its {train.gpus_per_worker:g} GPUs")
    if job.optimizer_on_host or job.weights_on_host:
        notes.append("the time leaves out moving offloaded state between host and GPU")
    if train.warmup_steps_on_policy:
        notes.append("supervised warm-up steps are counted like the others")
    return tuple(notes)
