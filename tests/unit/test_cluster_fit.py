"""Shipped cluster files pass with the configs they are for; a config that does not fit is told why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from redraft.checkpoints import resolve_policy_path
from redraft.config import load_config
from redraft.plan import PairStatistics, TrainingPlan, plan_training, read_shape
from redraft_actors.cli import app
from redraft_actors.clusters.checking import check_cluster
from redraft_actors.clusters.document import ClusterFile

from .cluster_files import AWS, HOSTS, JOB, KUBE, LLAVA, ON_A100, ONE, QWEN, ROOT, WITHOUT_SERVING, broken, errors


@pytest.fixture(autouse=True)
def _from_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths in a cluster file are meant from where the command is given."""
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize(
    ("name", "config", "overrides"),
    [
        (AWS, LLAVA, {}),
        (AWS, QWEN, {}),
        (HOSTS, LLAVA, ON_A100),
        (ONE, QWEN, ON_A100),
        (KUBE, LLAVA, {}),
        (JOB, QWEN, WITHOUT_SERVING),
    ],
)
def test_shipped_files_pass_with_the_configs_they_are_for(name: str, config: str, overrides: dict[str, str]) -> None:
    findings = check_cluster(ClusterFile.read(Path(name)), load_config(Path(config), overrides))
    assert not errors(findings)
    left = [finding for finding in findings if "stands for something of yours" not in finding.message]
    assert all("make it with `uv build --wheel`" in finding.message for finding in left)


SAMPLING_ON_A100 = {"sample.accelerator_type": "A100"}
GROUP = "spec.workerGroupSpecs.0.template.spec"


@pytest.mark.parametrize(
    ("name", "overrides", "where", "says"),
    [
        (AWS, {"ray.address": "null"}, "ray.address", "set it to auto"),
        (AWS, {"train.workers": "16"}, "train.workers", "do not fit on A100: there is room for 8"),
        (AWS, {"train.cpus_per_worker": "13"}, "train.workers", "there is room for 7"),
        (AWS, {"train.gpu": "H100-80GB"}, "train.workers", "do not fit on H100: there is room for 0"),
        (AWS, {"sample.actors": "5"}, "sample.actors", "beside the served policy: there is room for 4"),
        (AWS, {"sample.accelerator_type": "L4"}, "sample.actors", "do not fit on L4: there is room for 0"),
        (AWS, {"evaluate.actors": "40"}, "evaluate.actors", "there is room for 12"),
        (AWS, {"serve.open_on_loopback": "true"}, "serve.open_on_loopback", "needs no token"),
        (AWS, {"serve.gpus": "9"}, "serve.gpus", "no node has 2 CPUs and 9 GPUs"),
        (AWS, {"serve.accelerator_type": "L4"}, "serve.gpus", "GPUs on L4 for the served policy"),
        (AWS, {"serve.accelerator_type": "A100"}, "serve.gpus", "wait for ever"),
        (HOSTS, {**SAMPLING_ON_A100, "serve.accelerator_type": "null"}, "serve.gpus", "wait for ever"),
        (HOSTS, SAMPLING_ON_A100, "serve.gpus", "on A10G for the served policy"),
        (AWS, {"storage.database": "null"}, "storage.database", "name PostgreSQL"),
        (AWS, {"storage.blobs": "blobs"}, "storage.blobs", "name s3://… or a folder in /mnt/redraft"),
        (AWS, {"images.path": "/home/me/photos"}, "images.path", "put the images into /mnt/redraft"),
        (KUBE, {"policy.path": "/models/llava"}, "policy.path", "put the checkpoint into /mnt/redraft"),
    ],
)
def test_a_config_that_does_not_fit_is_told_why(name: str, overrides: dict[str, str], where: str, says: str) -> None:
    found = errors(check_cluster(ClusterFile.read(Path(name)), load_config(Path(LLAVA), overrides)))
    assert any(finding.where == f"config:{where}" and says in finding.message for finding in found), found


def test_s3_will_do_for_blobs_and_one_node_needs_neither_s3_nor_postgresql() -> None:
    s3 = load_config(Path(LLAVA), {"storage.blobs": "s3://bucket/redraft"})
    assert not errors(check_cluster(ClusterFile.read(Path(AWS)), s3))
    local = load_config(Path(LLAVA), {**ON_A100, "storage.database": "null", "storage.blobs": "null"})
    assert not errors(check_cluster(ClusterFile.read(Path(ONE)), local))


@pytest.mark.parametrize(("name", "path", "value"), [(AWS, "setup_commands", ["true"]), (KUBE, f"{GROUP}.volumes", [])])
def test_a_folder_that_is_not_mounted_everywhere_is_not_shared(name: str, path: str, value: Any) -> None:
    found = errors(check_cluster(broken(name, path, value), load_config(Path(LLAVA))))
    assert any("no folder is shared by all nodes" in finding.message for finding in found)


def test_unreachable_stores_are_told() -> None:
    sets = (
        "storage.database=postgresql+psycopg://me@127.0.0.1:1/x",
        "storage.blobs=s3://bucket/redraft",
        "storage.s3.endpoint_url=http://127.0.0.1:1",
        "storage.s3.retries=0",
    )
    words = [word for value in sets for word in ("--set", value)]
    said = CliRunner().invoke(app, ["cluster", "check", AWS, "--config", LLAVA, "--reach", *words])
    assert said.exit_code == 2
    assert "config:storage.database: 127.0.0.1 cannot be reached from here" in said.output
    assert "config:storage.blobs: it cannot be used from here" in said.output


def plan_of(name: str) -> TrainingPlan:
    """As docs/cluster.md has it planned: one p4d.24xlarge, a round's pairs, the model's published shape."""
    shape = read_shape(ROOT / "configs" / "shapes" / name)
    pairs = PairStatistics.rlhf_v(pairs=300, image_tokens=shape.picture.tokens)
    return plan_training(shape, load_config(ROOT / "configs" / f"{name}.yaml"), pairs, machine=1152 * 2**30)


@pytest.mark.parametrize(
    ("name", "parameters"), [("llava-1.5-7b", 7_063_427_072), ("qwen2.5-vl-7b", 8_292_166_656)]
)  # fmt: skip
def test_shipped_shapes_are_the_published_models_and_train_on_8_a100_of_40_gb(name: str, parameters: int) -> None:
    plan = plan_of(name)
    assert plan.shape.parameters.total == parameters
    assert plan.fits
    assert (plan.workers, plan.device.kind, plan.pairs_seen) == (8, "A100-40GB", 66 * 32)


def test_the_plan_of_what_needs_no_cluster_is_the_one_in_the_docs() -> None:
    told = " ".join((ROOT / "docs" / "cluster.md").read_text().split())
    steps = []
    for name in ("quickstart", "photos"):
        config = load_config(ROOT / "configs" / f"{name}.yaml")
        shape = read_shape(resolve_policy_path(config.policy.path))
        statistics = PairStatistics.rlhf_v(image_tokens=round(shape.picture.tokens))
        plan = plan_training(shape, config, statistics, machine=24 * 2**30)
        assert plan.fits and (plan.workers, plan.device.kind, config.train.batch_size) == (2, "CPU", 16)
        assert f"two CPU processes of {plan.memory.total / 2**30:.1f} GiB each" in told
        million = f"{shape.parameters.total / 1e6:.2f} M parameters ({plan.trained / 1e6:.2f} M trained)"
        assert million in told
        steps.append(config.train.steps)
    assert f"{steps[0]} steps of 16 pairs and {steps[1]} of them" in told


@pytest.mark.parametrize("name", ["llava-1.5-7b", "qwen2.5-vl-7b"])
def test_the_plan_in_the_docs_is_the_plan(name: str) -> None:
    plan, gib = plan_of(name), 2**30
    row = next(
        line for line in (ROOT / "docs" / "cluster.md").read_text().splitlines() if line.startswith(f"| {name} |")
    )
    assert row.split("|")[2:-1] == [
        f" {plan.shape.parameters.total / 1e9:.2f} B, {plan.trained / 1e9:.2f} B trained ",
        f" {plan.memory.total / gib:.1f} of {(plan.device.memory or 0) / gib:.1f} GiB ",
        f" {(plan.host.total if plan.host else 0) * 8 / gib:.0f} of 1152 GiB ",
        f" {plan.disk.resumable / gib:.0f} GiB, {plan.disk.peak / gib:.0f} GiB in all ",
        f" {plan.seconds or 0:.0f} s ",
    ]
