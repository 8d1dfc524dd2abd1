"""What training costs beside forward and backward: optimiser, data and checkpoints; and what Ray Train adds.

    python benchmarks/train_overhead.py [--steps 40] [--json]

One job, three ways of counting. The model is a LLaVA with a large one's proportions (d 512, 2 layers, 576 image
tokens), one thread, 4 pairs a step, a checkpoint every 10 steps.

    forward and backward    their share of the job's own time, in one process
    all of it               optimiser, collating, decoding images, checkpoints: times the above
    Ray Train               the same job on one worker, from its first step to its last: times the above; start-up apart
"""

from __future__ import annotations

import argparse
import io
import json
import os
import tempfile
import time
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import pyarrow as pa
import pyarrow.parquet as pq
import torch
from correction_model import Sizes, build_model, build_processor, correction_pairs

from redraft.config import Config, RayConfig, ServeConfig, TrainConfig
from redraft_actors.cluster import ray_cluster
from redraft_actors.standalone import prepare, reference, train
from redraft_actors.train_folder import TrainFolder

SIZES = Sizes(hidden=512, feed_forward=1376, vocabulary=8000)


def main() -> None:
    """Prepare once, train twice, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch:
        figures = measure(Path(scratch), arguments.steps)
    print(f"forward and backward    {figures['forward_backward_seconds']:8.1f} s")
    print(f"the whole job           {figures['alone_seconds']:8.1f} s  {figures['alone_ratio']:.3f} times that")
    print(
        f"the same on Ray Train   {figures['ray_seconds']:8.1f} s  {figures['ray_ratio']:.3f} times the job alone, and "
        f"{figures['ray_startup_seconds']:.1f} s to start"
    )
    if arguments.json:
        print(json.dumps(figures))


def measure(scratch: Path, steps: int) -> dict[str, float]:
    """Seconds and ratios."""
    policy, pairs = scratch / "policy", scratch / "pairs.parquet"
    build_model(SIZES).save_pretrained(policy)
    build_processor(SIZES).save_pretrained(policy)
    write_pairs(pairs)
    config = Config.model_validate(
        {
            "policy": {"path": str(policy)},
            "train": TrainConfig(workers=1, batch_size=4, micro_batch=4, steps=steps, checkpoint_every=10),
            "ray": RayConfig(cpus=2),
            "serve": ServeConfig(enabled=False),
        }
    )
    alone = TrainFolder(scratch / "alone")
    prepared = prepare(alone, config, pairs, None, on_ray=False)
    reference(alone, config, prepared, on_ray=False)
    inside, took = train_alone_timed(alone, config)
    on_ray = TrainFolder(scratch / "ray")
    on_ray.root.mkdir()
    for name in ("dataset", "blobs"):
        (on_ray.root / name).symlink_to(alone.root / name)
    startup, ray_took = train_on_ray_timed(on_ray, config)
    return {
        "forward_backward_seconds": inside,
        "alone_seconds": took,
        "alone_ratio": took / inside,
        "ray_seconds": ray_took,
        "ray_ratio": ray_took / took,
        "ray_startup_seconds": startup,
    }


def train_alone_timed(folder: TrainFolder, config: Config) -> tuple[float, float]:
    """Seconds of forward and backward, and of everything from the end of the first step to the end of the last."""
    from redraft.train.engine import TorchEngine

    inside = 0.0
    plain = TorchEngine.accumulate

    def accumulate(self: Any, *, last: bool) -> AbstractContextManager[None]:
        @contextmanager
        def timed() -> Any:
            nonlocal inside
            began = time.perf_counter()
            with plain(self, last=last):
                yield
            inside += time.perf_counter() - began

        return timed()

    TorchEngine.accumulate = accumulate  # type: ignore[method-assign]
    first: list[tuple[float, float]] = []
    train(folder, config, on_ray=False, progress=lambda _: first.append((time.perf_counter(), inside)))
    TorchEngine.accumulate = plain  # type: ignore[method-assign]
    return first[-1][1] - first[0][1], first[-1][0] - first[0][0]


def train_on_ray_timed(folder: TrainFolder, config: Config) -> tuple[float, float]:
    """Seconds until the first step is done, and from there to the end of the last."""
    began = time.time()
    with ray_cluster(config):
        done = train(folder, config, on_ray=True, progress=lambda _: None)
    steps = [step.speed.ended_at for step in done if step.speed is not None]
    return steps[0] - began, steps[-1] - steps[0]


def write_pairs(path: Path) -> None:
    """TRL-style rows."""
    rows = []
    for pair in correction_pairs(32, SIZES.vocabulary, seed=3):
        buffer = io.BytesIO()
        pair.image.save(buffer, "PNG")
        rows.append(
            {
                "prompt": pair.prompt,
                "chosen": pair.chosen,
                "rejected": pair.rejected,
                "images": [{"bytes": buffer.getvalue(), "path": None}],
            }
        )
    pq.write_table(pa.Table.from_pylist(rows), path)


if __name__ == "__main__":
    main()
