"""The loop and the worklist with simulated time and thousands of simulated annotators.

    python benchmarks/simulate.py                    every scenario, one seed
    python benchmarks/simulate.py --only steady --seeds 3
    python benchmarks/simulate.py --share 0.1        a tenth of the people and of the tasks, a quick try
    python benchmarks/simulate.py --keep             also keep the results, for docs/scaling.md

What is real and what is not says ``benchmarks/simulation/__init__.py``; how people and machines are taken to behave,
``assumptions.py`` there. Ends with 1 if anything happened that must not. ``TMPDIR=/dev/shm``
spares waiting for the disk.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from simulation.results import FILE
from simulation.scenarios import SCENARIOS
from simulation.simulating import simulate
from simulation.tables import scenario_table


def main() -> int:
    """Simulate, print, and say whether anything was wrong."""
    options = parse()
    results = []
    for scenario in SCENARIOS:
        if options.only and scenario.name not in options.only:
            continue
        for seed in range(options.seeds):
            began = time.perf_counter()
            with tempfile.TemporaryDirectory(prefix="redraft-simulation-") as folder:
                result = simulate(scenario.scaled(options.share), seed, Path(folder) / "run")
            results.append(result)
            if options.json:
                print(result.model_dump_json(), flush=True)
            print(f"{scenario.name}, seed {seed}: {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
    if options.keep:
        FILE.write_text("".join(result.model_dump_json() + "\n" for result in results))
    if not options.json:
        print(scenario_table(results))
    return 1 if any(result.faults for result in results) else 0


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", nargs="+", choices=[s.name for s in SCENARIOS], help="scenarios; default: all")
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds each")
    parser.add_argument("--share", type=float, default=1.0, help="of the people and of the tasks")
    parser.add_argument("--json", action="store_true", help="print a line of JSON for each run")
    parser.add_argument("--keep", action="store_true", help=f"write the results to {FILE.name} in docs/results/growth")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
