"""A model of the whole system, on points measured on this machine: the tables of docs/scaling.md.

    python benchmarks/scaling_model.py              prints the tables, from what was measured last
    python benchmarks/scaling_model.py --measure    measures first, some minutes; keeps it in docs/results/growth
    python benchmarks/scaling_model.py --set gpu_hour=2.5
    python benchmarks/scaling_model.py --write      puts them into docs/scaling.md

Every assumption has a name in ``benchmarks/growth/inputs.py`` and a line in the first table.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from growth import document
from growth.inputs import Assumptions
from growth.measured import FILE, Measured
from growth.tables import all_tables
from pydantic import ValidationError


def main() -> None:
    """Measure if asked to, then print."""
    options = parse()
    if options.measure:
        from growth.measuring import measure_all

        FILE.parent.mkdir(parents=True, exist_ok=True)
        FILE.write_text(measure_all(options.run).model_dump_json(indent=1) + "\n")
    if not FILE.exists():
        sys.exit(f"nothing was measured yet, {FILE} is not there: run this with --measure once")
    tables = all_tables(assumptions(options.set), Measured.load())
    if options.write:
        document.FILE.write_text(document.filled(document.FILE.read_text(), tables))
        return
    for name, table in tables.items():
        print(f"[{name}]\n\n{table}\n")


def assumptions(settings: list[str]) -> Assumptions:
    """The defaults with what was set."""
    changed = dict(setting.partition("=")[::2] for setting in settings)
    unknown = changed.keys() - Assumptions.model_fields.keys()
    if unknown:
        known = ", ".join(Assumptions.model_fields)
        sys.exit(f"nothing is assumed of {', '.join(sorted(unknown))}: name one of {known}")
    try:
        return Assumptions.model_validate(changed)
    except ValidationError as e:
        sys.exit(f"--set {e.errors()[0]['loc'][0]} wants a number, not {e.errors()[0]['input']!r}")


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--measure", action="store_true", help="measure on this machine first")
    parser.add_argument("--run", type=Path, help="finished run whose files are measured; default: a small one is made")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/scaling.md")
    parser.add_argument("--set", nargs="+", default=[], metavar="NAME=NUMBER", help="another assumption")
    return parser.parse_args()


if __name__ == "__main__":
    main()
