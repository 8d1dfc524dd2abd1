"""One GPU's training speed on a LLaVA-1.5-7B-shaped model with random weights, with and without each saving.

    python benchmarks/gpu_train.py [--size 7b|tiny] [--steps 8] [--pairs-per-step 8] [--json]

Nothing is downloaded; torch, transformers, pydantic, PyYAML, pyarrow and Pillow are enough, without Ray and DeepSpeed.
All parameters of the language model are trained: float32 weights and AdamW moments, forward and backward in bfloat16.
Pairs are like RLHF-V's. Each line prints pairs a second, model FLOPs utilisation (6 FLOPs a token and parameter of the
language model, against the GPU's dense bfloat16 peak), peak memory, and what 1.4k pairs for 7 epochs would take.

`--size tiny` runs the same on a CPU, to see that it runs.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from dataclasses import asdict, dataclass

import torch
from correction_model import Sizes, build_model, build_processor, correction_pairs

from redraft.config import ObjectiveConfig, TrainConfig
from redraft.policy import Policy, encode_prompts, image_features, load_policy
from redraft.records import PreferencePair
from redraft.train.batches import PairBatch, SeenImage, collate_pairs
from redraft.train.encode import TrainingExample, encode_pair
from redraft.train.engine import TorchEngine
from redraft.train.speed import peak_flops
from redraft.train.step import pair_step

SIZES = {
    "7b": Sizes(
        layers=32, hidden=4096, feed_forward=11008, heads=32, vision_layers=24, vision_hidden=1024, vision_heads=16
    ),
    "tiny": Sizes(hidden=128, feed_forward=344, vision_hidden=64, vocabulary=2048, image=112),
}
PUBLISHED_PAIRS, PUBLISHED_EPOCHS = 1400, 7


@dataclass(frozen=True)
class Variant:
    """Which savings are on."""

    name: str
    share: bool = True
    cached: bool = True
    checkpointing: bool = False


VARIANTS = (
    Variant("all savings"),
    Variant("features not cached", cached=False),
    Variant("two sequences", share=False),
    Variant("two sequences, not cached", share=False, cached=False),
    Variant("all savings, activations recomputed", checkpointing=True),
)


@dataclass(frozen=True)
class Result:
    """What a variant reached."""

    name: str
    pairs_per_second: float
    mfu: float | None
    peak_gib: float | None
    minutes_for_rlhf_v: float


def main() -> None:
    """Run every variant on the same pairs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=SIZES, default="7b")
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--pairs-per-step", type=int, default=8)
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    arguments = parser.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    policy = make_policy(SIZES[arguments.size], device)
    examples, seen = make_pairs(policy, SIZES[arguments.size], arguments.pairs_per_step * 2)
    results = []
    engine = TorchEngine(policy, TrainConfig(workers=1, freeze_vision=True))
    for variant in VARIANTS:
        results.append(measure(policy, engine, examples, seen, variant, arguments.steps, arguments.pairs_per_step))
        print(as_line(results[-1]), flush=True)
    if arguments.json:
        where = torch.cuda.get_device_name() if device == "cuda" else "cpu"
        print(json.dumps({"device": where, "size": arguments.size, "results": [asdict(r) for r in results]}))


def make_policy(sizes: Sizes, device: str) -> Policy:
    """A policy of random weights; its parts are made small and loaded, its model is made in place."""
    with tempfile.TemporaryDirectory() as folder:
        build_model(SIZES["tiny"]).save_pretrained(folder)
        build_processor(sizes).save_pretrained(folder)
        policy = load_policy(folder, device, "bfloat16")
    with torch.device(device):
        policy.model = build_model(sizes, torch.bfloat16)
    return policy


def make_pairs(policy: Policy, sizes: Sizes, count: int) -> tuple[list[TrainingExample], list[SeenImage]]:
    """Examples with a made-up reference, and their images' features."""
    pairs = correction_pairs(count, sizes.vocabulary, seed=3)
    prompts = encode_prompts(policy, [pair.image for pair in pairs], [pair.prompt for pair in pairs])
    examples, seen = [], []
    for number, (pair, prompt) in enumerate(zip(pairs, prompts, strict=True)):
        preference = PreferencePair(
            id=str(number), correction_id="", image_id="", blob="", prompt=pair.prompt, chosen=pair.chosen,
            rejected=pair.rejected, chosen_spans=None, rejected_spans=None, annotator="", round=0,
        )  # fmt: skip
        chosen, rejected = encode_pair(policy, preference, prompt, diff="edits", max_tokens=4096)
        reference = [(-10.0,) * len(side.ids) for side in (chosen, rejected)]
        examples.append(TrainingExample(str(number), "", pair.prompt, chosen, rejected, reference[0], reference[1]))
        with torch.no_grad():
            seen.append(SeenImage(prompt, image_features(policy.model, policy.family, [prompt])[0].cpu()))
    return examples, seen


def measure(
    policy: Policy,
    engine: TorchEngine,
    examples: list[TrainingExample],
    seen: list[SeenImage],
    variant: Variant,
    steps: int,
    size: int,
) -> Result:
    """Whole optimiser steps, the first two left out."""
    if variant.checkpointing:
        policy.model.activation_checkpointing_enable({"use_reentrant": False})
    policy.model.train()
    batches = [_batch(policy, examples[i : i + size], seen[i : i + size], variant) for i in (0, size)]
    if policy.device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
    began, tokens = 0.0, 0
    for step in range(steps + 2):
        if step == 2:
            began = _now(policy.device)
        batch = batches[step % 2]
        tokens += int((batch.inputs.tokens.branch >= 0).sum()) if step >= 2 else 0
        engine.backward(pair_step(engine.log_probs, batch, ObjectiveConfig(preset="paper")).loss)
        engine.step(1e-7)
    seconds = _now(policy.device) - began
    rate = steps * size / seconds
    on_gpu = policy.device.type == "cuda"
    peak = peak_flops(torch.cuda.get_device_name()) if on_gpu else None
    parameters = sum(p.numel() for p in policy.model.get_decoder().parameters())
    return Result(
        name=variant.name,
        pairs_per_second=rate,
        mfu=6 * parameters * tokens / seconds / peak if peak else None,
        peak_gib=torch.cuda.max_memory_allocated() / 2**30 if on_gpu else None,
        minutes_for_rlhf_v=PUBLISHED_PAIRS * PUBLISHED_EPOCHS / rate / 60,
    )


def as_line(result: Result) -> str:
    """One line of the table."""
    mfu = f"{result.mfu:6.1%}" if result.mfu is not None else "   n/a"
    peak = f"{result.peak_gib:6.1f} GiB" if result.peak_gib is not None else "   n/a    "
    speed = f"{result.pairs_per_second:8.2f} pairs/s  MFU {mfu}  {peak}"
    return f"{result.name:38} {speed}  {result.minutes_for_rlhf_v:7.1f} min"


def _batch(policy: Policy, examples: list[TrainingExample], seen: list[SeenImage], variant: Variant) -> PairBatch:
    kept = seen if variant.cached else [SeenImage(s.prompt) for s in seen]
    return collate_pairs(examples, kept, policy.pad_id, share=variant.share).to(policy.device)


def _now(device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


if __name__ == "__main__":
    main()
