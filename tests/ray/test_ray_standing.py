"""A run on a standing Ray of several nodes: what it lacks is told before there is a run folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from redraft.world import builtin_policy

pytestmark = pytest.mark.ray

ROOT = Path(__file__).parents[2]
QUICKSTART = ROOT / "configs" / "quickstart.yaml"
REDRAFT = [sys.executable, "-c", "from redraft_actors.cli import main; main()"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the first node's workers begin; a checkpoint lies there and nowhere else."""
    folder = tmp_path_factory.mktemp("first")
    shutil.copytree(builtin_policy(), folder / "model")
    return folder


@pytest.fixture(scope="module")
def address(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of a Ray with two nodes."""
    command = [sys.executable, "-m", "tests.ray.two_nodes", str(tmp_path_factory.mktemp("second"))]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=folder, env=environment, stdin=pipe, stdout=pipe, text=True) as ray:
        assert ray.stdout is not None and ray.stdin is not None
        yield ray.stdout.readline().strip()
        ray.stdin.close()


PREFLIGHT = """
import sys
from pathlib import Path
from redraft.config import load_config
from redraft.errors import ResourceError
from redraft_actors.preflight import preflight

quickstart, out, address, model = Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:]
for more in ({"policy.path": model}, {"sample.actors": "5"}):
    try:
        print(*(found.found for found in preflight(load_config(quickstart, {"ray.address": address, **more}), out)))
    except ResourceError as e:
        print(e)
"""


def test_a_checkpoint_that_one_node_does_not_see(address: str, folder: Path) -> None:
    sets = ["--set", f"ray.address={address}", "--set", "policy.path=/proc/self/cwd/model"]
    out = folder / "run"
    done = subprocess.run(
        [*REDRAFT, "run", str(QUICKSTART), "--out", str(out), *sets], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "redraft: policy.path: /proc/self/cwd/model is not seen on node" in done.stderr
    assert not out.exists()


def test_a_cluster_that_has_all_and_one_that_has_no_room(address: str, folder: Path) -> None:
    words = [str(QUICKSTART), str(folder / "run"), address, str(folder / "model")]
    done = subprocess.run([sys.executable, "-c", PREFLIGHT, *words], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    sound, short = done.stdout.splitlines()[-2:]
    assert f"cluster at {address}: 1 x head of 1 CPUs, 1 x node of 1 CPUs; 2 nodes see all they need" in sound
    assert short == (
        "sample.actors: 5 samplers of 0.5 CPUs and 0 GPUs do not fit: there is room for 4; allow more such nodes, or "
        "lower sample.actors (the cluster has at most 1 x head of 1 CPUs, 1 x node of 1 CPUs)"
    )
