"""`redraft up`, `down`, `submit` and `logs` say what they run, run it, and end as it ended."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from redraft.config import Config
from redraft.errors import RunError
from redraft.runs import RunFolder
from redraft_actors.cli import app
from redraft_actors.clusters import quotas
from redraft_actors.clusters.job import opened

ROOT = Path(__file__).parents[2]
AWS, HOSTS = "ray_cluster.yaml", "configs/cluster/onprem.yaml"

FAKE = """#!{python}
import json, os, sys
from pathlib import Path
told = {{"arguments": sys.argv[1:], "mode": os.environ.get("RAY_AUTH_MODE"),
        "old": os.environ.get("RAY_UP_enable_autoscaler_v2")}}
if "--working-dir" in sys.argv:
    told["config"] = (Path(sys.argv[sys.argv.index("--working-dir") + 1]) / "run.yaml").read_text()
Path({record!r}).write_text(json.dumps(told))
sys.exit(int(os.environ.get("FAKE_EXIT", "0")))
"""


class FakeRay:
    """A ``ray`` on PATH that writes down what it was asked."""

    def __init__(self, folder: Path) -> None:
        self.record = folder / "record.json"
        program = folder / "ray"
        program.write_text(FAKE.format(python=sys.executable, record=str(self.record)))
        program.chmod(0o755)

    @property
    def arguments(self) -> list[str]:
        return list(json.loads(self.record.read_text())["arguments"])

    def told(self, key: str) -> str | None:
        value = json.loads(self.record.read_text())[key]
        return None if value is None else str(value)


@pytest.fixture
def ray(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeRay:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("RAY_AUTH_MODE", raising=False)
    monkeypatch.setattr(quotas, "read_quotas", lambda client: [])
    return FakeRay(tmp_path)


def redraft(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def test_up_checks_then_runs_ray_up(ray: FakeRay) -> None:
    said = redraft("up", AWS, "--yes")
    assert said.exit_code == 0
    assert "$ ray up ray_cluster.yaml --yes" in said.output
    assert ray.arguments == ["up", AWS, "--yes"]
    assert ray.told("old") is None


def test_up_refuses_a_file_with_errors_and_starts_nothing(ray: FakeRay, tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text((ROOT / AWS).read_text().replace("RAY_AUTH_MODE=token", ""))
    said = redraft("up", str(bad))
    assert said.exit_code == 2
    assert "whoever reaches this Ray may run code" in said.output
    assert not ray.record.exists()


def test_up_starts_nothing_that_aws_does_not_allow(ray: FakeRay, monkeypatch: pytest.MonkeyPatch) -> None:
    none = quotas.Quota(name="Running On-Demand P instances", market="on demand", families=("P",), vcpus=0.0)
    monkeypatch.setattr(quotas, "read_quotas", lambda client: [none])
    said = redraft("up", AWS, "--yes")
    assert said.exit_code == 2
    assert "AWS lets this account have 0 vCPUs of “Running On-Demand P instances”" in said.output
    assert not ray.record.exists()


def test_down_passes_the_exit_code_on_and_listed_hosts_need_the_older_autoscaler(
    ray: FakeRay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_EXIT", "7")
    said = redraft("down", HOSTS)
    assert said.exit_code == 7
    assert f"$ RAY_UP_enable_autoscaler_v2=0 ray down {HOSTS}" in said.output
    assert ray.told("old") == "0"


def test_manifests_are_for_kubectl(ray: FakeRay) -> None:
    said = redraft("up", "configs/cluster/kuberay-rayjob.yaml")
    assert said.exit_code == 1 and "kubectl apply -f" in str(said.exception)
    assert not ray.record.exists()


def test_submit_sends_the_resolved_config_and_a_job_that_follows_the_controller(ray: FakeRay) -> None:
    address = "http://127.0.0.1:9999"
    said = redraft(
        "submit", "configs/quickstart.yaml", "--out", "/mnt/x", "--address", address, "--set", "seed=5"
    )  # fmt: skip
    assert said.exit_code == 0
    assert "$ RAY_AUTH_MODE=token ray job submit --address http://127.0.0.1:9999 --working-dir " in said.output
    asked = ray.arguments
    assert asked[:4] == ["job", "submit", "--address", address]
    assert "--no-wait" in asked
    entry = ["python", "-m", "redraft_actors.clusters.job", "run.yaml", "--out", "/mnt/x", "--wait"]
    assert asked[asked.index("--") + 1 :] == entry
    config = ray.told("config") or ""
    assert "seed: 5" in config and "address: auto" in config
    assert ray.told("mode") == "token"


def test_submit_wants_a_whole_path(ray: FakeRay) -> None:
    said = redraft("submit", "configs/quickstart.yaml", "--out", "runs/x")
    assert "name the run folder on the cluster by its whole path" in str(said.exception)
    assert not ray.record.exists()


def test_logs_of_a_job_and_the_list_of_jobs(ray: FakeRay) -> None:
    assert redraft("logs", "raysubmit_1", "-f").exit_code == 0
    assert ray.arguments == ["job", "logs", "raysubmit_1", "--follow", "--address", "http://127.0.0.1:8265"]
    redraft("logs")
    assert ray.arguments == ["job", "list", "--address", "http://127.0.0.1:8265"]


def test_a_job_takes_up_the_run_that_is_there_unless_it_is_another(tmp_path: Path) -> None:
    config = Config.model_validate({"ray": {"address": "auto"}})
    made = RunFolder.create(tmp_path / "run", config)
    assert opened(config, tmp_path / "run") == made
    with pytest.raises(RunError, match="holds a run of another config"):
        opened(config.model_copy(update={"seed": 9}), tmp_path / "run")
