"""An account that may not have the machines of a cluster file is told before any of them is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from typer.testing import CliRunner

from redraft_actors.cli import app
from redraft_actors.clusters import quotas
from redraft_actors.clusters.document import ClusterFile
from redraft_actors.clusters.finding import Finding

from .cluster_files import AWS, HOSTS, ROOT

DEFAULTS = {
    "Running On-Demand P instances": 0.0,
    "Running On-Demand G and VT instances": 0.0,
    "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances": 5.0,
    "Running Dedicated p4d Hosts": 9.0,
    "All P Spot Instance Requests": 0.0,
    "All G and VT Spot Instance Requests": 0.0,
    "All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests": 5.0,
}
"""The names as AWS lists them, and what a new account has."""
ENOUGH = {
    "Running On-Demand P instances": 96.0,
    "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances": 64.0,
    "All G and VT Spot Instance Requests": 40.0,
}


@pytest.fixture(autouse=True)
def _from_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def account(applied: dict[str, float], defaults: dict[str, float] = DEFAULTS) -> Iterator[tuple[Any, Stubber]]:
    """A client whose answers have the form of AWS's API, in two pages."""
    client = boto3.client(
        "service-quotas", region_name="us-east-1", aws_access_key_id="testing", aws_secret_access_key="testing"
    )
    codes = {name: f"L-{index:08d}" for index, name in enumerate([*defaults, *(set(applied) - set(defaults))])}
    pages = [(defaults, "list_aws_default_service_quotas"), (applied, "list_service_quotas")]
    with Stubber(client) as stub:
        for values, operation in pages:
            listed = [{"QuotaCode": codes[name], "QuotaName": name, "Value": value} for name, value in values.items()]
            stub.add_response(operation, {"Quotas": listed[:2], "NextToken": "t"}, {"ServiceCode": "ec2"})
            more = {"ServiceCode": "ec2", "NextToken": "t"}
            stub.add_response(operation, {"Quotas": listed[2:]}, more)
        yield client, stub


def found(applied: dict[str, float], defaults: dict[str, float] = DEFAULTS) -> list[Finding]:
    for client, _ in account(applied, defaults):
        return list(quotas.quota_findings(ClusterFile.read(Path(AWS)), client))
    raise AssertionError


def test_a_new_account_may_have_neither_head_nor_a_gpu() -> None:
    findings = {finding.where.rpartition(".")[2]: finding for finding in found({})}
    assert {name: finding.level for name, finding in findings.items()} == dict.fromkeys(
        ("head", "trainer", "sampler"), "error"
    )
    assert findings["trainer"].message == (
        "AWS lets this account have 0 vCPUs of “Running On-Demand P instances” in us-east-1, which is 0 of up to 1 "
        "such machines: ask for 96 in the console of Service Quotas, or name another region"
    )
    assert "“All G and VT Spot Instance Requests”" in findings["sampler"].message
    assert "0 of up to 5" in findings["sampler"].message and "ask for 40" in findings["sampler"].message


def test_what_the_account_was_granted_counts_before_the_default() -> None:
    assert found(ENOUGH) == []


def test_some_samplers_are_better_than_none() -> None:
    (finding,) = found(ENOUGH | {"All G and VT Spot Instance Requests": 17.0})
    assert finding.level == "warning" and "which is 2 of up to 5 such machines" in finding.message


def test_a_quota_of_the_generation_alone_comes_before_that_of_the_family() -> None:
    older = {name: value for name, value in DEFAULTS.items() if not name.startswith("Running On-Demand P ")}
    older |= {"Running On-Demand P4, P3 and P2 instances": 96.0, "Running On-Demand P instances": 0.0}
    granted = {name: value for name, value in ENOUGH.items() if "P instances" not in name}
    assert found(granted, older) == []


def test_without_credentials_it_says_that_nobody_can_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    (finding,) = quotas.quota_findings(ClusterFile.read(Path(AWS)))
    assert finding.level == "warning" and "servicequotas:ListServiceQuotas" in finding.message


def test_the_command_asks_only_when_told_to_and_needs_no_config_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for client, stub in account({}):
        monkeypatch.setattr(quotas, "_client", lambda region, client=client: client)
        assert CliRunner().invoke(app, ["cluster", "check", AWS]).exit_code == 0
        said = CliRunner().invoke(app, ["cluster", "check", AWS, "--reach"])
        assert said.exit_code == 2 and "Running On-Demand P instances" in said.output
        stub.assert_no_pending_responses()
    refused = CliRunner().invoke(app, ["cluster", "check", HOSTS, "--reach"])
    assert "name its config with --config" in str(refused.exception)
