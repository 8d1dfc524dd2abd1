"""`ray_cluster.yaml` on an EC2 that is only pretended (moto): what Ray makes of it, and what it would start."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
REGION = "us-east-1"


@pytest.fixture
def ec2(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """An empty account, and a home for the key pair that Ray makes."""
    import boto3
    from moto import mock_aws

    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    (tmp_path / ".ssh").mkdir()
    with mock_aws():
        yield boto3.client("ec2", region_name=REGION)


def filled_in(ec2: Any) -> dict[str, Any]:
    """The shipped file with a network, groups and an image of that account for its placeholders."""
    import boto3

    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    places = {
        "REPLACE_PRIVATE_SUBNET": ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"],
        "REPLACE_DLAMI_UBUNTU": ec2.describe_images()["Images"][0]["ImageId"],
        "REPLACE_EFS_DNS_NAME": "fs-1.efs.us-east-1.amazonaws.com",
    }
    for name in ("CLUSTER", "PAGES"):
        group = ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)
        places[f"REPLACE_{name}_GROUP"] = group["GroupId"]
    iam = boto3.client("iam")
    for name in ("redraft-head", "redraft-worker"):
        trust = {"Version": "2012-10-17", "Statement": []}
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
        iam.create_instance_profile(InstanceProfileName=name)
        iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
    text = (ROOT / "ray_cluster.yaml").read_text(encoding="utf-8")
    for word, value in places.items():
        text = text.replace(word, value)
    tree: dict[str, Any] = yaml.safe_load(text)
    return tree


@pytest.mark.filterwarnings("ignore")
def test_ray_starts_what_the_file_says_and_makes_no_group_and_no_role(ec2: Any) -> None:
    import boto3
    from ray.autoscaler._private.aws.config import bootstrap_aws
    from ray.autoscaler._private.aws.node_provider import AWSNodeProvider
    from ray.autoscaler._private.util import prepare_config, validate_config

    tree = prepare_config(filled_in(ec2))
    validate_config(tree)
    groups = len(ec2.describe_security_groups()["SecurityGroups"])
    ready = bootstrap_aws(tree)
    assert len(ec2.describe_security_groups()["SecurityGroups"]) == groups
    assert {role["RoleName"] for role in boto3.client("iam").list_roles()["Roles"]} == {
        "redraft-head",
        "redraft-worker",
    }

    provider = AWSNodeProvider(ready["provider"], ready["cluster_name"])
    for name, kind in ready["available_node_types"].items():
        provider.create_node(kind["node_config"], {"ray-node-type": name, "ray-user-node-type": name}, 1)
    started = [i for r in ec2.describe_instances()["Reservations"] for i in r["Instances"]]
    assert {i["InstanceType"] for i in started} == {"m6i.2xlarge", "p4d.24xlarge", "g5.2xlarge"}
    for instance in started:
        tags = {tag["Key"]: tag["Value"] for tag in instance["Tags"]}
        assert (tags["project"], tags["ray-cluster-name"]) == ("redraft", "redraft")
        assert tags["part"] == tags["ray-user-node-type"]
        profile = "redraft-head" if tags["part"] == "head" else "redraft-worker"
        assert instance["IamInstanceProfile"]["Arn"].endswith(f"/{profile}")
        assert len(instance["SecurityGroups"]) == (2 if tags["part"] == "head" else 1)
        assert (instance.get("InstanceLifecycle") == "spot") == (tags["part"] == "sampler")
