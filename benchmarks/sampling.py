"""k samples a picture: Redraft's generation against transformers' own, in samples a CPU second.

    python benchmarks/sampling.py [--k 8] [--tokens 64] [--images 3] [--json]

One thread; the three sides take turns on every picture, in CPU seconds, so that other work on the machine cancels out.
The model is a LLaVA with 576 image tokens, d 1024, 2 layers and 32000 words, seeded, in float32. Every sample has
exactly ``--tokens`` tokens: no side may end one. Redraft's side also returns every token's log-probability and entropy,
which the others do not.

    loop       model.generate, k times a picture
    returned   model.generate with num_return_sequences=k
    redraft    policy.generate: one prefill, its cache repeated k times

Before anything is timed, greedy texts of all three are compared; one that differs ends the program with an error.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from correction_model import Sizes, build_model, build_processor, correction_pairs

from redraft.policy import EncodedPrompt, GenerationSettings, encode_prompts, generate, load_policy
from redraft.policy.load import Policy

Side = Callable[[int], list[list[int]]]
"""The tokens of the k samples of a picture, by its number."""

GOALS = {"loop": 2.2, "returned": 1.5}
_NEVER = -1
"""An id that no token has, so that nothing ends a sample."""


def main() -> None:
    """Compare, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--k", type=int, default=8, help="samples a picture")
    parser.add_argument("--tokens", type=int, default=64, help="tokens a sample")
    parser.add_argument("--images", type=int, default=3, help="pictures, after one to warm up")
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    policy, prompts = build(arguments.images + 1)
    if not same_greedy(sides(policy, prompts, 1, arguments.tokens, temperature=0.0)):
        sys.exit("greedy texts differ")
    print("greedy texts of all three are identical")
    seconds = measure(sides(policy, prompts, arguments.k, arguments.tokens, temperature=1.0), len(prompts))
    ratios = report(seconds, arguments.k)
    if arguments.json:
        print(json.dumps({"k": arguments.k, "tokens": arguments.tokens, "seconds": seconds, "ratios": ratios}))


def build(images: int) -> tuple[Policy, list[EncodedPrompt]]:
    """The seeded model, and a prompt of 39 words for each of so many pictures."""
    sizes = Sizes()
    with tempfile.TemporaryDirectory() as folder:
        build_model(sizes).save_pretrained(folder)
        build_processor(sizes).save_pretrained(folder)
        policy = load_policy(folder, "cpu")
    policy.eos_id = _NEVER
    policy.model.generation_config.eos_token_id = None
    pairs = correction_pairs(images, sizes.vocabulary, seed=3)
    return policy, encode_prompts(policy, [pair.image for pair in pairs], [pair.prompt for pair in pairs])


def sides(policy: Policy, prompts: Sequence[EncodedPrompt], k: int, tokens: int, temperature: float) -> dict[str, Side]:
    """The three ways to draw."""

    def theirs(image: int, returned: int) -> list[list[int]]:
        prompt = prompts[image]
        ids = torch.tensor([prompt.input_ids])
        drawing: dict[str, Any] = {"do_sample": True, "temperature": temperature, "top_k": 0} if temperature else {}
        out = policy.model.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            pixel_values=prompt.images["pixel_values"],
            max_new_tokens=tokens,
            num_return_sequences=returned,
            pad_token_id=policy.pad_id,
            **(drawing or {"do_sample": False}),
        )
        return [list(row) for row in out[:, ids.shape[1] :].tolist()]

    def ours(image: int) -> list[list[int]]:
        settings = GenerationSettings(tokens, k=k, temperature=temperature)
        return [list(g.trace.token_ids) for g in generate(policy, [prompts[image]], settings, [image])]

    return {
        "loop": lambda image: [row for _ in range(k) for row in theirs(image, 1)],
        "returned": lambda image: theirs(image, k),
        "redraft": ours,
    }


def same_greedy(drawn_by: dict[str, Side]) -> bool:
    """Whether all sides write the same tokens when nothing is left to chance."""
    first, *others = (side(0) for side in drawn_by.values())
    return all(other == first for other in others)


def measure(drawn_by: dict[str, Side], images: int) -> dict[str, list[float]]:
    """CPU seconds of every side for every picture but the first, which warms up."""
    seconds: dict[str, list[float]] = {name: [] for name in drawn_by}
    for image in range(images):
        for name, side in drawn_by.items():
            began = time.process_time()
            drawn = side(image)
            taken = time.process_time() - began
            if len({len(row) for row in drawn}) != 1:
                sys.exit(f"{name} ended a sample early, so that times cannot be compared")
            if image:
                seconds[name].append(taken)
    return seconds


def report(seconds: dict[str, list[float]], k: int) -> dict[str, float]:
    """Print a table; how many times as fast as each of the others Redraft is, median over pictures."""
    print(f"k = {k}: CPU seconds a picture, median; ratios, median (range)")
    ratios = {}
    for name, taken in seconds.items():
        each = sorted(a / b for a, b in zip(taken, seconds["redraft"], strict=True))
        line = f"  {name:9} {statistics.median(taken):7.2f} s"
        if name in GOALS:
            ratios[name] = statistics.median(each)
            line += f"   redraft is {ratios[name]:.2f} ({each[0]:.2f} to {each[-1]:.2f}) times as fast"
            line += f", goal {GOALS[name]}"
        print(line)
    return ratios


if __name__ == "__main__":
    main()
