"""Measures the rest: a router, training of two widths, and what a small run leaves on the disk. Some minutes."""

from __future__ import annotations

import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random

import gpu_train
import torch
from correction_model import IMAGE, Sizes, build_model, build_processor
from simulation.assumptions import Policies
from simulation.drawing import draw

from growth.measured import Computed, Kept, Measured
from growth.measuring_store import measure_calls, measure_readings, measure_rows
from redraft.config import Config, ObjectiveConfig, TrainConfig
from redraft.plan import PairStatistics, plan_training, read_shape
from redraft.policy import load_policy
from redraft.records import Phase, RoundRow
from redraft.routing import Budget, Effort, open_strategy, route
from redraft.runs import RunFolder
from redraft.train.engine import TorchEngine
from redraft.train.step import pair_step

CANDIDATES = 4000
WIDTHS = (256, 512)
PAIRS, STEPS = 4, 6
QUICKSTART = Path(__file__).parents[2] / "configs" / "quickstart.yaml"
SMALL = (
    "loop.rounds=2",
    "images.per_round=60",
    "route.budget=40",
    "train.steps=4",
    "evaluate.dev_images=40",
    "evaluate.test_images=40",
    "evaluate.questions=10",
    "loop.min_corrections=1",
)


def measure_all(run: Path | None) -> Measured:
    """Everything, one after the other."""
    torch.set_num_threads(1)
    rows, draft_ms, response_bytes = measure_rows()
    return Measured(
        machine=f"{platform.machine()}, Python {platform.python_version()}, torch {torch.__version__}",
        calls=measure_calls(),
        draft_ms=draft_ms,
        readings=measure_readings(),
        rows=rows,
        response_bytes=response_bytes,
        route_s=measure_route(),
        route_candidates=CANDIDATES,
        training=tuple(measure_training(hidden) for hidden in WIDTHS),
        kept=measure_kept(run),
    )


def measure_route() -> float:
    """CPU seconds to spend a round's budget on so many candidates."""
    config = Config().route
    row = RoundRow(number=1, phase=Phase.SAMPLING, incumbent="p", started_at=0.0)
    drawn = draw(Random(0), Policies(), row, 0.6, "m", CANDIDATES, Effort())
    began = time.process_time()
    route(
        [one.candidate for one in drawn],
        strategy=open_strategy(config, 1),
        budget=Budget(tasks=CANDIDATES // 2),
        random_share=config.random_share,
        seed=0,
    )
    return time.process_time() - began


def measure_training(hidden: int) -> Computed:
    """CPU seconds of a pair, forward, backward and step, in float32 on one thread, and the plan's operations of it."""
    sizes = Sizes(hidden=hidden, feed_forward=hidden * 43 // 16, vocabulary=8000)
    train = TrainConfig(workers=1, batch_size=PAIRS, micro_batch=PAIRS, steps=STEPS)
    with tempfile.TemporaryDirectory(prefix="redraft-growth-") as folder:
        build_model(sizes).save_pretrained(folder)
        build_processor(sizes).save_pretrained(folder)
        policy, shape = load_policy(folder, "cpu", "float32"), read_shape(Path(folder))
    examples, seen = gpu_train.make_pairs(policy, sizes, PAIRS)
    statistics = PairStatistics.from_rows(
        [one.prompt.input_ids for one in seen],
        [example.chosen.ids for example in examples],
        [example.rejected.ids for example in examples],
        image_token=IMAGE,
    )
    plan = plan_training(shape, Config().model_copy(update={"train": train}), statistics)
    batch = gpu_train._batch(policy, examples, seen, gpu_train.VARIANTS[0])
    engine = TorchEngine(policy, train)
    policy.model.train()
    for step in range(STEPS + 1):
        if step == 1:
            began = time.process_time()
        engine.backward(pair_step(engine.log_probs, batch, ObjectiveConfig(preset="paper")).loss)
        engine.step(1e-7)
    seconds = (time.process_time() - began) / STEPS / PAIRS
    operations = plan.flops_per_pair.total - plan.flops_per_pair.vision
    return Computed(hidden=hidden, operations=operations, seconds=seconds)


def measure_kept(run: Path | None) -> Kept:
    """The bytes that the rounds of a run left; of a small quickstart, where none is given."""
    if run is not None:
        return _kept(run)
    with tempfile.TemporaryDirectory(prefix="redraft-growth-") as scratch:
        folder = Path(scratch) / "run"
        command = [sys.executable, "-c", "from redraft_actors.cli import main; main()", "run", str(QUICKSTART)]
        settings = [word for setting in SMALL for word in ("--set", setting)]
        subprocess.run([*command, "--out", str(folder), *settings], check=True, stdout=subprocess.DEVNULL)
        return _kept(folder)


def _kept(folder: Path) -> Kept:
    policies = folder / "blobs" / "policies"
    trained = [one for one in policies.iterdir() if one.name != "r00-base"]
    config = RunFolder.open(folder).config()
    plan = plan_training(read_shape(trained[0]), config, PairStatistics.rlhf_v(image_tokens=16))
    return Kept(
        rounds=len(trained),
        policies=sum(_bytes(one) for one in trained),
        plan_policy=plan.disk.policy,
    )


def _bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
