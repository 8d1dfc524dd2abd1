"""A day of the system: what people do, and what that asks of machines."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from growth.inputs import Assumptions
from growth.measured import Measured
from redraft.config import Config, LoraConfig, load_config
from redraft.plan import PairStatistics, TrainingPlan, gpu_named, plan_training, read_shape
from redraft.records import Record

DAY, HOUR, GIB = 86_400.0, 3600.0, 2**30
CONFIGS = Path(__file__).parents[2] / "configs"
LONGEST_TEAM = 32
"""Workers that share a step of train.batch_size 32 at most."""


class Day(Record):
    """What a day takes. Seconds of steps are by the clock, of one round; a round draws two batches.

    Attributes:
        picture_s: GPU-seconds of all answers to a picture.
        low_water: tasks that people take in their busiest hours from the last refill to the next round's batch.
        loop: share of the day that the loop's steps take, one after the other.
        gpu_hours: GPUs held while a step lasts.
        answers_s: answers a second in the busiest hour.
    """

    people: float
    gpus: int
    plan: TrainingPlan
    lora: bool
    tasks: float
    corrections: float
    rounds: float
    batch: float
    pictures: float
    responses: float
    picture_s: float
    sample_s: float
    build_s: float
    train_s: float
    evaluate_s: float
    low_water: float
    loop: float
    gpu_hours: float
    answers_s: float
    samples_s: float
    database_gib: float
    policies_gib: float
    blobs_gib: float
    people_usd: float
    gpu_usd: float
    disk_usd: float

    @property
    def pairs(self) -> float:
        """Corrections of a round."""
        return self.corrections / self.rounds

    @property
    def usd(self) -> float:
        """All of a day's cost, but for what is always up."""
        return self.people_usd + self.gpu_usd + self.disk_usd


def a_day(people: float, gpus: int, a: Assumptions, m: Measured) -> Day:
    """Predict a day with so many annotators and GPUs, of ``configs/llava-1.5-7b.yaml`` with batches that fit them."""
    config = load_config(CONFIGS / "llava-1.5-7b.yaml")
    tasks = people * a.active_hours * HOUR / a.task_seconds
    corrections = tasks * a.wrong
    rounds = min(a.rounds, corrections / a.pairs)
    pictures = tasks * config.images.per_round / config.route.budget
    team, lora = min(gpus, LONGEST_TEAM), gpus < 8
    plan = plan_of(team, lora, a.mfu)
    # Time of the plan is for a number of pairs seen; it is the same for each.
    pair_s = (plan.seconds or 0.0) / plan.pairs_seen
    picture_s = _picture_seconds(config, plan, a, together=config.sample.batch_size)
    held_out = config.evaluate.dev_images + config.evaluate.test_images + 2 * config.evaluate.questions
    evaluate = held_out * _picture_seconds(config, plan, a, together=config.evaluate.batch_size)
    writes = (plan.disk.resumable + 2 * plan.disk.policy) / GIB / a.disk_gib_s
    sample_s = a.start_s + pictures / rounds / 2 * picture_s / gpus
    # The reference reads every pair once: a forward pass is a quarter of training with recomputed activations.
    build_s = a.start_s + corrections / rounds * pair_s * team / 4 / gpus
    train_s = a.start_s + corrections / rounds * a.passes * pair_s + writes
    evaluate_s = a.start_s + evaluate / gpus
    lasted = 2 * sample_s + build_s + train_s + evaluate_s
    busiest = tasks / 24 * a.busiest
    policies = rounds * plan.disk.policy / GIB
    database = tasks * m.row_bytes / GIB
    blobs = (pictures * a.picture_kb * 1000 + pictures * config.sample.k * m.response_bytes) / GIB
    held = rounds * ((2 * sample_s + build_s + evaluate_s) * gpus + train_s * team) / HOUR
    return Day(
        people=people,
        gpus=gpus,
        plan=plan,
        lora=lora,
        tasks=tasks,
        corrections=corrections,
        rounds=rounds,
        batch=tasks / rounds / 2,
        pictures=pictures,
        responses=pictures * config.sample.k,
        picture_s=picture_s,
        sample_s=sample_s,
        build_s=build_s,
        train_s=train_s,
        evaluate_s=evaluate_s,
        low_water=busiest * (train_s + evaluate_s + sample_s) / HOUR,
        loop=rounds * lasted / DAY,
        gpu_hours=held,
        answers_s=busiest / HOUR,
        samples_s=pictures * config.sample.k / DAY,
        database_gib=database,
        policies_gib=policies,
        blobs_gib=blobs,
        people_usd=people * a.active_hours * a.annotator_hour,
        gpu_usd=held * a.gpu_hour,
        disk_usd=(policies + database + blobs) * GIB / 1e9 * a.disk_gb_month,
    )


@cache
def plan_of(workers: int, lora: bool, mfu: float) -> TrainingPlan:
    """The plan of training LLaVA-1.5-7B; on fewer than 8 GPUs of 40 GB, of low-rank adapters."""
    shape = read_shape(CONFIGS / "shapes" / "llava-1.5-7b")
    config = load_config(CONFIGS / "llava-1.5-7b.yaml")
    adapters = {"workers": workers, "lora": LoraConfig() if lora else None}
    changed = config.model_copy(update={"train": config.train.model_copy(update=adapters)})
    pairs = PairStatistics.rlhf_v(pairs=300, image_tokens=shape.picture.tokens)
    return plan_training(shape, changed, pairs, mfu=mfu)


def _picture_seconds(config: Config, plan: TrainingPlan, a: Assumptions, *, together: int) -> float:
    """GPU-seconds a picture: prompt and picture are read once, then its answers grow with those of the batch."""
    shape, gpu = plan.shape, gpu_named(config.train.gpu or "A100-40GB")
    weights = shape.parameters.layers + shape.parameters.projector + shape.parameters.vision
    read = 2 * weights * plan.statistics.prompt_tokens / (gpu.tflops("bfloat16") * 1e12 * a.mfu)
    return read + a.tokens * a.token_ms / 1000 / together
