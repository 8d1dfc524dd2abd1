"""Seconds and peak memory of preparing preference pairs, and whether both stay in proportion to their number.

    python benchmarks/prepare_pairs.py                    20 000 synthetic pairs
    python benchmarks/prepare_pairs.py --pairs 100000     the number that the documentation tells
    python benchmarks/prepare_pairs.py --profile          where the time goes, by function

A tenth, a half and all of the pairs are prepared in a process each, with the policy already loaded. Absolute times
drift with the machine; the ratio of processor seconds a pair, all against a tenth, hardly does. It is 1.0 where the
work is linear, and somewhat below where a tenth is so small that the first questions about the pictures weigh in.
"""

from __future__ import annotations

import argparse
import cProfile
import io
import json
import pstats
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from redraft.config import Config
from redraft.records import Split
from redraft.sources.parts import PreparedSource, join_parts, start_parts
from redraft.world import builtin_policy, render, scene_at
from redraft_actors.preparing import PrepareJob, Preparer

SHARES = (0.1, 0.5, 1.0)
PICTURES = 64
ROW_GROUP = 4096
SENTENCES = 9
SCHEMA = pa.schema(
    [
        ("ds_name", pa.string()),
        ("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
        ("text", pa.string()),
        ("origin_dataset", pa.string()),
        ("origin_split", pa.string()),
        ("idx", pa.int32()),
        ("image_path", pa.string()),
    ]
)
COLOURS = ("red", "green", "blue", "yellow", "white", "black", "brown", "grey")
THINGS = ("dog", "cup", "bicycle", "tent", "boat", "umbrella", "guitar", "bench", "lamp", "kite", "truck", "clock")
PLACES = ("on the left", "on the right", "at the top", "at the bottom", "in the middle", "in the background")
QUESTIONS = ("Describe this image in detail.", "What is in the picture?", "What do you see here?", "Explain the scene.")


@dataclass(frozen=True)
class Measured:
    """One share of the pairs, prepared in a process of its own."""

    pairs: int
    wall_seconds: float
    cpu_seconds: float
    peak_rss_mib: float

    def per_1000(self, seconds: float) -> float:
        """What is left of ``seconds`` for a thousand pairs."""
        return seconds / self.pairs * 1000


def main() -> None:
    """Make the pairs, prepare the shares, print."""
    parser = argparse.ArgumentParser(description="Cost of preparing preference pairs.")
    parser.add_argument("--pairs", type=int, default=20_000)
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    parser.add_argument("--profile", action="store_true", help="profile the preparation of all pairs instead")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        print(json.dumps(asdict(prepare(arguments.child))))
        return
    with tempfile.TemporaryDirectory() as scratch:
        if arguments.profile:
            show_profile(write_pairs(Path(scratch) / "pairs.parquet", arguments.pairs))
            return
        measured = [measure(Path(scratch), round(arguments.pairs * share)) for share in SHARES]
    for m in measured:
        wall, cpu = m.per_1000(m.wall_seconds), m.per_1000(m.cpu_seconds)
        print(f"{m.pairs:8} pairs  {wall:6.2f} s per 1000 ({cpu:.2f} s of processor)  peak {m.peak_rss_mib:.0f} MiB")
    tenth, whole = measured[0], measured[-1]
    ratio = whole.per_1000(whole.cpu_seconds) / tenth.per_1000(tenth.cpu_seconds)
    print(f"processor seconds a pair, all against a tenth: {ratio:.2f} (linear: 1.0)")
    if arguments.json:
        print(json.dumps({"shares": [asdict(m) for m in measured], "cost_ratio": ratio}))


def measure(scratch: Path, pairs: int) -> Measured:
    """Prepare that many pairs in a fresh process."""
    folder = scratch / str(pairs)
    folder.mkdir()
    file = write_pairs(folder / "pairs.parquet", pairs)
    command = [sys.executable, __file__, "--child", str(file)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def prepare(file: Path) -> Measured:
    """Prepare a file beside itself."""
    job = job_for(file)
    preparer = Preparer(job)
    wall, cpu = time.perf_counter(), time.process_time()
    prepared = run(job, preparer)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return Measured(prepared.pairs, wall, cpu, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def run(job: PrepareJob, preparer: Preparer) -> PreparedSource:
    """As ``prepare_alone``, with a policy that is loaded already."""
    start_parts(job.folder)
    return join_parts(str(job.source), job.folder, map(preparer.prepare, preparer.source.slices()))


def job_for(file: Path) -> PrepareJob:
    """The built-in policy, blobs and pairs beside the file."""
    return PrepareJob(Config(), builtin_policy(), file, str(file.parent / "blobs"), file.parent / "prepared")


def show_profile(file: Path) -> None:
    """The functions that take the most time by themselves and with what they call."""
    job = job_for(file)
    preparer = Preparer(job)
    with cProfile.Profile() as profile:
        run(job, preparer)
    stats = pstats.Stats(profile)
    stats.sort_stats("tottime").print_stats(15)
    stats.sort_stats("cumulative").print_stats(45)


def write_pairs(file: Path, pairs: int) -> Path:
    """A synthetic RLHF-V-Dataset of that many pairs."""
    with pq.ParquetWriter(file, SCHEMA) as writer:
        rows = synthetic_rows(pairs)
        while batch := list(islice(rows, ROW_GROUP)):
            writer.write_table(pa.Table.from_pylist(batch, schema=SCHEMA))
    return file


def synthetic_rows(pairs: int) -> Iterator[dict[str, Any]]:
    """Answers of about 85 words with a few words corrected, over small pictures that come again and again."""
    rng = random.Random(0)
    pictures = [picture(index) for index in range(PICTURES)]
    for index in range(pairs):
        rejected = [sentence(rng) for _ in range(SENTENCES)]
        chosen = [sentence(rng) if rng.random() < 0.15 else said for said in rejected]
        chosen[rng.randrange(SENTENCES)] = f"{sentence(rng)[:-1]} indeed."
        number = rng.randrange(PICTURES)
        text = {"question": rng.choice(QUESTIONS), "chosen": " ".join(chosen), "rejected": " ".join(rejected)}
        yield {
            "ds_name": "synthetic",
            "image": {"bytes": pictures[number], "path": f"{number}.jpg"},
            "text": json.dumps(text),
            "origin_dataset": "world",
            "origin_split": json.dumps({"index": index}),
            "idx": index,
            "image_path": f"{number}.jpg",
        }


def sentence(rng: random.Random) -> str:
    """About nine words."""
    return f"There is a {rng.choice(COLOURS)} {rng.choice(THINGS)} {rng.choice(PLACES)} near a {rng.choice(THINGS)}."


def picture(index: int) -> bytes:
    """A small JPEG of the picture world."""
    buffer = io.BytesIO()
    render(scene_at(0, Split.POOL, index)).save(buffer, "JPEG")
    return buffer.getvalue()


if __name__ == "__main__":
    main()
