"""Redraft's training step against TRL's DPOTrainer: pairs a second and peak memory, on the same model and pairs.

    python benchmarks/train_vs_trl.py [--pairs-per-step 1 4] [--steps 5] [--json]

Needs the extra `bench` (trl, datasets). One thread; forward and backward alone, the sides in turn within each step, in
CPU seconds, so that other work on the machine cancels out. The model is a LLaVA with the shares of a 7B one (d 1024, 2
layers, 576 image tokens, vocabulary 32000), seeded, in float32. Peak memory is that of a process of its own for each
side, above what the imports take.

    trl            DPOTrainer as shipped but without gradient checkpointing; its reference model runs every step
    trl, frozen    with a frozen vision tower
    trl, selected  and with its selection of label positions, which it keeps for GPUs, switched on here
    redraft        shared image, prompt and prefix, stored reference log-probabilities; the tower is trained
    redraft, cached the tower is frozen and its features are cached: the default
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from correction_model import Pair, Sizes, build_model, build_processor, correction_pairs

TRL = ("trl", "trl, frozen", "trl, selected")
OURS = ("redraft", "redraft, cached")
Step = Callable[[int], torch.Tensor]


def main() -> None:
    """Measure, print, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs-per-step", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    parser.add_argument("--memory-of", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.memory_of:
        print(peak_of(arguments.memory_of, arguments.pairs_per_step[0], arguments.steps))
        return
    results = {}
    for size in arguments.pairs_per_step:
        seconds = measure(size, arguments.steps)
        memory = {side: memory_of(side, size) for side in ("trl", "redraft, cached")}
        results[str(size)] = report(size, seconds, memory)
    if arguments.json:
        print(json.dumps(results))


def measure(size: int, steps: int) -> dict[str, list[float]]:
    """CPU seconds of every step of every side; the first step warms up and is left out."""
    sides = {**trl_sides(size, steps + 1), **our_sides(size, steps + 1)}
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for step in range(steps + 1):
        for name, run in sides.items():
            began = time.process_time()
            run(step).backward()
            if step:
                seconds[name].append(time.process_time() - began)
    return seconds


def report(size: int, seconds: dict[str, list[float]], memory: dict[str, float]) -> dict[str, Any]:
    """Print a table and return its figures."""
    print(f"\n{size} pair(s) a step: CPU seconds forward and backward, median; times as fast as trl, median (range)")
    ratios = {}
    for name, taken in seconds.items():
        each = sorted(a / b for a, b in zip(seconds["trl"], taken, strict=True))
        ratios[name] = statistics.median(each)
        print(f"  {name:16} {statistics.median(taken):7.2f} s  {ratios[name]:5.2f} ({each[0]:.2f} to {each[-1]:.2f})")
    fair = ratios["redraft, cached"] / ratios["trl, selected"]
    share = memory["redraft, cached"] / memory["trl"]
    print(f"  redraft, cached against trl, selected: {fair:.2f} times as fast")
    print(f"  peak memory: trl {memory['trl']:.2f} GiB, redraft {memory['redraft, cached']:.2f} GiB, ratio {share:.2f}")
    return {
        "seconds": {name: statistics.median(taken) for name, taken in seconds.items()},
        "speedup_over_trl": ratios,
        "speedup_over_trl_selected": fair,
        "peak_gib": memory,
        "memory_ratio": share,
    }


def memory_of(side: str, size: int) -> float:
    """Peak GiB of a fresh process that runs two steps of one side."""
    command = [sys.executable, __file__, "--memory-of", side, "--pairs-per-step", str(size), "--steps", "2"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def peak_of(side: str, size: int, steps: int) -> float:
    """Peak GiB of this process over what it took before."""
    if side in TRL:
        import trl  # noqa: F401
    before = _peak()
    run = (trl_sides if side in TRL else our_sides)(size, steps)[side]
    for step in range(steps):
        run(step).backward()
    return _peak() - before


def trl_sides(size: int, steps: int) -> dict[str, Step]:
    """TRL's compute_loss on collated batches."""
    import trl.trainer.utils as trl_utils
    from datasets import Dataset, Features, Value
    from datasets import Image as ImageFeature
    from trl import DPOConfig, DPOTrainer

    sizes = Sizes()
    model, reference = build_model(sizes).train(), build_model(sizes).eval().requires_grad_(False)
    examples = [_trl_example(pair) for pair in _pairs(size * steps)]
    features = Features(
        {name: Value("string") for name in ("prompt", "chosen", "rejected")} | {"images": [ImageFeature()]}
    )
    settings = DPOConfig(
        output_dir=tempfile.mkdtemp(),
        per_device_train_batch_size=size,
        gradient_checkpointing=False,
        report_to=[],
        max_length=None,
        use_cpu=True,
        bf16=False,
        save_strategy="no",
        disable_tqdm=True,
    )
    trainer = DPOTrainer(
        model=model,
        ref_model=reference,
        args=settings,
        train_dataset=Dataset.from_list(examples, features=features),
        processing_class=build_processor(sizes),
    )
    groups = [examples[i * size : (i + 1) * size] for i in range(steps)]
    batches = [trainer.data_collator(copy.deepcopy(group)) for group in groups]
    as_shipped = trl_utils._use_triton

    def side(frozen: bool, selected: bool) -> Step:
        def run(step: int) -> torch.Tensor:
            model.model.vision_tower.requires_grad_(not frozen)
            model.zero_grad(set_to_none=True)
            trl_utils._use_triton = (lambda device: True) if selected else as_shipped
            loss: torch.Tensor = trainer.compute_loss(model, dict(batches[step]))
            return loss

        return run

    return dict(zip(TRL, (side(False, False), side(True, False), side(True, True)), strict=True))


def our_sides(size: int, steps: int) -> dict[str, Step]:
    """Redraft's step on collated batches; the reference's log-probabilities are part of the data."""
    from redraft.config import ObjectiveConfig, TrainConfig
    from redraft.policy import encode_prompts, image_features, load_policy
    from redraft.policy.load import Policy
    from redraft.train.batches import SeenImage, collate_pairs
    from redraft.train.encode import TrainingExample, encode_pair
    from redraft.train.engine import TorchEngine
    from redraft.train.step import pair_step

    sizes = Sizes()
    with tempfile.TemporaryDirectory() as folder:
        build_model(sizes).save_pretrained(folder)
        build_processor(sizes).save_pretrained(folder)
        policy: Policy = load_policy(folder, "cpu")
    policy.model.train()
    pairs = _pairs(size * steps)
    prompts = encode_prompts(policy, [pair.image for pair in pairs], [pair.prompt for pair in pairs])
    examples = []
    for number, (pair, prompt) in enumerate(zip(pairs, prompts, strict=True)):
        chosen, rejected = encode_pair(policy, _preference(number, pair), prompt, diff="edits", max_tokens=4096)
        zeros = [(-1.0,) * len(side.ids) for side in (chosen, rejected)]
        examples.append(TrainingExample(str(number), "", pair.prompt, chosen, rejected, zeros[0], zeros[1]))
    with torch.no_grad():
        features = [image_features(policy.model, policy.family, [prompt])[0] for prompt in prompts]
    objective = ObjectiveConfig(preset="paper")

    def side(cached: bool) -> Step:
        engine = TorchEngine(policy, TrainConfig(workers=1, freeze_vision=cached))
        trained = set(engine.trainable)

        def run(step: int) -> torch.Tensor:
            for name, parameter in policy.model.named_parameters():
                parameter.requires_grad_(name in trained)
            policy.model.zero_grad(set_to_none=True)
            rows = range(step * size, (step + 1) * size)
            seen = [SeenImage(prompts[i], features[i] if cached else None) for i in rows]
            batch = collate_pairs([examples[i] for i in rows], seen, policy.pad_id)
            return pair_step(engine.log_probs, batch, objective).loss

        return run

    return dict(zip(OURS, (side(False), side(True)), strict=True))


def _pairs(count: int) -> Sequence[Pair]:
    return correction_pairs(count, Sizes().vocabulary, seed=3)


def _trl_example(pair: Pair) -> dict[str, Any]:
    return {
        "prompt": f"<s> <image> {pair.prompt}",
        "chosen": f" {pair.chosen} </s>",
        "rejected": f" {pair.rejected} </s>",
        "images": [pair.image],
    }


def _preference(number: int, pair: Pair) -> Any:
    from redraft.records import PreferencePair

    return PreferencePair(
        id=str(number),
        correction_id="",
        image_id="",
        blob="",
        prompt=pair.prompt,
        chosen=pair.chosen,
        rejected=pair.rejected,
        chosen_spans=None,
        rejected_spans=None,
        annotator="",
        round=0,
    )


def _peak() -> float:
    """The most memory this program has held, GiB; ru_maxrss would begin with its parent's."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 2**20


if __name__ == "__main__":
    main()
