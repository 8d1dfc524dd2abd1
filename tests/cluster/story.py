"""The whole story: a cluster by ``redraft up``, a run on it, people at the pages, and machines that die.

    sudo python -m tests.cluster.story [--out FOLDER] [--minutes 15]

Needs root and takes about ten minutes. What happened is printed, and written to FOLDER/report.md.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from . import island
from .faults import Faults
from .hosts import Network, settle
from .lab import WORKERS, Lab
from .log import Log
from .play import ROUNDS, Play
from .services import start_bucket, start_database
from .verdict import findings, strays
from .watching import Watched


def main() -> int:
    """Outside: check, copy the code, and go in. Inside: tell the story."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="folder for logs and the report; default: a new one in /var/tmp")
    parser.add_argument("--minutes", type=float, default=15.0, help="give up after so long")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside:
        return tell(arguments.out, arguments.minutes * 60)
    if (why := island.why_not_here()) is not None:
        print(f"test-cluster: {why}", file=sys.stderr)
        return 2
    out = arguments.out or Path(tempfile.mkdtemp(prefix="redraft-cluster-", dir="/var/tmp"))
    out = out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    python = island.make_environment(out)
    minutes = ["--minutes", str(arguments.minutes)]
    return island.enter(python, "tests.cluster.story", "--inside", "--out", str(out), *minutes)


def tell(out: Path, seconds: float) -> int:
    """Hosts, services, cluster, run, faults, verdict; the exit code."""
    deadline = time.monotonic() + seconds
    log = Log(out / "report.md")
    settle(out / "laptop")
    network = Network(out)
    lab = Lab(out, network)
    network.lay(["head", "data", *WORKERS])
    network.boot()
    log.say(f"{len(network.hosts)} hosts are up: {', '.join(network.hosts)}")
    try:
        lab.database = start_database(lab.data, out)
        lab.bucket = start_bucket(lab.data, out)
        log.say("PostgreSQL and Ceph's gateway answer on data")
        lab.prepare_homes(out / "venv")
        lab.write_cluster_file()
        wrong = strike(Play(lab, log, Watched(lab.shared / "runs" / "story", deadline)))
    except (RuntimeError, TimeoutError) as e:
        wrong = [str(e)]
    finally:
        lab.stop()
        for host in network.hosts.values():
            host.power_off()
    log.end(wrong)
    print(f"Report and logs: {out}")
    return 1 if wrong else 0


def strike(play: Play) -> list[str]:
    """Bring the cluster up, submit, strike, and see the run end; what is wrong."""
    with ExitStack() as at_end:
        play.begin()
        at_end.callback(play.store.close)
        for person in play.open_pages():
            person.start()
            at_end.callback(person.leave)
        Faults(play).strike()
        for person in play.people:
            person.leave()
        play.count()
        return [*findings(play.store, play.people, ROUNDS), *strays(play.run.root)]


if __name__ == "__main__":
    sys.exit(main())
