"""Each rule about cluster files names what was broken in a shipped one."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from redraft.errors import ConfigError
from redraft_actors.cli import app
from redraft_actors.clusters.checking import check_cluster
from redraft_actors.clusters.document import ClusterFile

from .cluster_files import AWS, HOSTS, JOB, KUBE, LLAVA, ONE, REMOVED, ROOT, broken, errors, swap


@pytest.fixture(autouse=True)
def _from_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths in a cluster file are meant from where the command is given."""
    monkeypatch.chdir(ROOT)


HEAD, TRAINER = "available_node_types.head.node_config", "available_node_types.trainer.node_config"
SAMPLER = "available_node_types.sampler.node_config"
GROUP = "spec.workerGroupSpecs.0.template.spec"
DISK = "BlockDeviceMappings.{}.Ebs"
START, JOIN = "head_start_ray_commands.1", "worker_start_ray_commands.1"
BREAKS: list[tuple[str, str, Any, str, str]] = [
    # Ray's own schema, and what it lets pass
    (AWS, "max_worker", 3, "", "Ray does not take this file"),
    (AWS, "available_node_types.trainer.min_worker", 1, "", "Ray does not take this file"),
    (AWS, "head_node_type", "haed", "", "head_node_type"),
    (HOSTS, "provider.worker_ips", REMOVED, "", "Ray does not take this file"),
    (AWS, "provider.regoin", "us-east-1", "provider.regoin", "did you mean region?"),
    (HOSTS, "provider.head_ips", "x", "provider.head_ips", "did you mean head_ip?"),
    (AWS, f"{TRAINER}.InstansType", "p4d.24xlarge", f"{TRAINER}.InstansType", "did you mean InstanceType?"),
    (AWS, f"{TRAINER}.InstanceType", "p4d.24xlarg", f"{TRAINER}.InstanceType", "did you mean p4d.24xlarge?"),
    (AWS, f"{HEAD}.{DISK.format(0)}.VolumeSze", 9, f"{HEAD}.BlockDeviceMappings[0].Ebs.VolumeSze", "VolumeSize?"),
    (AWS, f"{HEAD}.{DISK.format(0)}.VolumeSize", "200", f"{HEAD}.BlockDeviceMappings[0].Ebs.VolumeSize", "integer"),
    (AWS, f"{HEAD}.SecurityGroupIds", "sg-1", f"{HEAD}.SecurityGroupIds", "wants a list"),
    (AWS, f"{HEAD}.MetadataOptions", "required", f"{HEAD}.MetadataOptions", "wants a mapping"),
    (AWS, f"{HEAD}.ImageId", 5, f"{HEAD}.ImageId", "wants a text"),
    (AWS, "available_node_types.trainer.resources.GPU", 4, "available_node_types.trainer.resources", "GPU: 8"),
    # who can reach it
    (AWS, START, swap("RAY_AUTH_MODE=token", ""), "head_start_ray_commands[1]", "RAY_AUTH_MODE=token"),
    (HOSTS, JOIN, swap("=token", "=disabled"), "worker_start_ray_commands[1]", "RAY_AUTH_MODE"),
    (AWS, "file_mounts", lambda m: {k: v for k, v in m.items() if "auth" not in k}, "file_mounts", "no token"),
    (AWS, START, swap("127.0.0.1", "0.0.0.0"), "head_start_ray_commands[1]", "dashboard"),
    (ONE, START, swap("--dashboard-host=127.0.0.1", ""), "head_start_ray_commands[1]", "dashboard"),
    (AWS, "head_start_ray_commands", REMOVED, "head_start_ray_commands[1]", "dashboard"),
    (AWS, "provider.use_internal_ips", False, "provider.use_internal_ips", "public addresses"),
    (AWS, f"{SAMPLER}.SecurityGroupIds", REMOVED, SAMPLER, "port 22"),
    (AWS, f"{SAMPLER}.SubnetIds", REMOVED, SAMPLER, "name private ones"),
    (AWS, f"{HEAD}.IamInstanceProfile", REMOVED, HEAD, "everything on EC2 and S3"),
    (AWS, f"{HEAD}.NetworkInterfaces", [{"AssociatePublicIpAddress": True}], f"{HEAD}.NetworkInterfaces[0]", "public"),
    (
        AWS,
        "provider.security_group",
        {"IpPermissions": [{"FromPort": 8265, "ToPort": 8265, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]},
        "provider.security_group.IpPermissions[0]",
        "whole world",
    ),
    (
        AWS,
        "provider.security_group",
        {"IpPermissions": [{"FromPort": -1, "ToPort": -1, "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}]},
        "provider.security_group.IpPermissions[0]",
        "whole world",
    ),
    # secrets
    (AWS, "provider.aws_credentials", {"aws_access_key_id": "x"}, "provider.aws_credentials", "instance profiles"),
    (AWS, "setup_commands.0", "export K=AKIA" + "A" * 16, "setup_commands[0]", "an AWS access key"),
    (HOSTS, "setup_commands.1", "export PGPASSWORD=abc", "setup_commands[1]", "a secret in a command"),
    (AWS, "setup_commands.0", "curl https://me:pw@host/x", "setup_commands[0]", "a name and a password"),
    (HOSTS, "auth.ssh_private_key", "-----BEGIN RSA PRIVATE KEY-----", "auth.ssh_private_key", "a private key"),
    (ONE, "metadata.database_password", "abc", "metadata.database_password", "a secret"),
    (KUBE, "+", {"apiVersion": "v1", "kind": "Secret"}, "documents[2]", "kubectl create secret"),
    (
        KUBE,
        f"{GROUP}.containers.0.env",
        [{"name": "PGPASSWORD", "value": "abc"}],
        "spec.workerGroupSpecs[0].template.spec.containers[0].env[0]",
        "valueFrom",
    ),
    # versions
    (AWS, "setup_commands.3", "pip install ray==2.50.0", "setup_commands[3]", "ray 2.50.0 is named here"),
    (AWS, "setup_commands.3", "pip install torch==2.1.0", "setup_commands[3]", "torch 2.1.0 is named here"),
    (AWS, "setup_commands.5", swap("redraft-0.1.0", "redraft-0.0.9"), "setup_commands[5]", "redraft 0.0.9"),
    (AWS, "setup_commands.5", swap("--constraint ~/redraft/constraints.txt", ""), "setup_commands[5]", "newest"),
    (AWS, "setup_commands.5", "pip install -c constraints.txt -e redraft", "setup_commands[5]", "installs a folder"),
    (AWS, "setup_commands.5", "true", "setup_commands", "nothing installs redraft"),
    (AWS, "setup_commands.4", "true", "", "no version of Python"),
    (AWS, "setup_commands.0", "uv venv --python 3.12.1 x", "setup_commands[4]", "Ray wants one"),
    (KUBE, "spec.rayVersion", "2.52.0", "spec.rayVersion", "ray 2.52.0 is named here"),
    (
        KUBE,
        f"{GROUP}.containers.0.image",
        swap("py3.11.18", "py3.12.1"),
        "spec.workerGroupSpecs[0].template.spec.containers[0].image",
        "Ray wants one",
    ),
    # how many, for how long
    (AWS, "available_node_types.sampler.min_workers", 9, "available_node_types.sampler", "at least 9"),
    (AWS, "max_workers", 2, "max_workers", "raise it to 6"),
    (AWS, "idle_timeout_minutes", REMOVED, "idle_timeout_minutes", "nodes without work must go"),
    (HOSTS, "idle_timeout_minutes", 600, "idle_timeout_minutes", "at most 60"),
    (AWS, f"{HEAD}.InstanceMarketOptions", {"MarketType": "spot"}, f"{HEAD}.InstanceMarketOptions", "a head on spot"),
    # Kubernetes
    (KUBE, "apiVersion", "ray.io/v1alpha1", "apiVersion", "ray.io/v1"),
    (KUBE, "spec.authOptions.mode", "disabled", "spec.authOptions.mode", "set it to token"),
    (JOB, "spec.rayClusterSpec.authOptions", REMOVED, "spec.rayClusterSpec.authOptions.mode", "set it to token"),
    (KUBE, "spec.rayVersion", REMOVED, "spec.rayVersion", "name it"),
    (KUBE, "spec.enableInTreeAutoscaling", False, "spec.enableInTreeAutoscaling", "set it to true"),
    (KUBE, "spec.autoscalerOptions.idleTimeoutSeconds", 0, "spec.autoscalerOptions.idleTimeoutSeconds", "must go"),
    (KUBE, "spec.headGroupSpec.serviceType", "LoadBalancer", "spec.headGroupSpec.serviceType", "ClusterIP"),
    (KUBE, f"{GROUP}.hostNetwork", True, "spec.workerGroupSpecs[0].template.spec.hostNetwork", "own walls"),
    (
        KUBE,
        f"{GROUP}.containers.0.image",
        "redraft:latest",
        "spec.workerGroupSpecs[0].template.spec.containers[0].image",
        "another one tomorrow",
    ),
    (
        KUBE,
        f"{GROUP}.containers.0.securityContext.privileged",
        True,
        "spec.workerGroupSpecs[0].template.spec.containers[0].securityContext",
        "privileged",
    ),
    (
        KUBE,
        f"{GROUP}.containers.0.ports",
        [{"hostPort": 6379}],
        "spec.workerGroupSpecs[0].template.spec.containers[0].ports",
        "hostPort",
    ),
    (
        KUBE,
        f"{GROUP}.containers.0.resources.limits",
        {"cpu": "90", "nvidia.com/gpu": 8},
        "spec.workerGroupSpecs[0].template.spec.containers[0].resources.limits",
        "cpu and memory",
    ),
    (
        KUBE,
        "spec.workerGroupSpecs.0.rayStartParams.num-gpus",
        "4",
        "spec.workerGroupSpecs[0].template.spec.containers[0].resources.limits",
        "told of 4 GPUs, and the pod gets 8",
    ),
    (
        KUBE,
        f"{GROUP}.volumes",
        [{"name": "shared", "hostPath": {"path": "/"}}],
        "spec.workerGroupSpecs[0].template.spec.volumes[0]",
        "folder of the machine",
    ),
    (JOB, "spec.shutdownAfterJobFinishes", False, "spec.shutdownAfterJobFinishes", "stay after the run"),
    (JOB, "spec.entrypoint", "python train.py", "spec.entrypoint", "starts no run"),
    (
        KUBE,
        "+",
        {"kind": "Service", "spec": {"type": "LoadBalancer", "ports": [{"port": 8265}]}},
        "documents[2].spec.ports",
        "only port 443",
    ),
    (KUBE, "+", {"kind": "NetworkPolicy", "spec": {"ingress": [{}]}}, "documents[2].spec.ingress[0]", "say from where"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "path", "value", "where", "says"), BREAKS)
def test_what_is_broken_is_named(name: str, path: str, value: Any, where: str, says: str) -> None:
    found = errors(check_cluster(broken(name, path, value)))
    assert any(finding.where == where and says in finding.message for finding in found), found


@pytest.mark.parametrize(
    ("name", "path", "value", "where", "says"),
    [
        (AWS, f"{HEAD}.MetadataOptions", REMOVED, HEAD, "HttpTokens"),
        (AWS, f"{HEAD}.BlockDeviceMappings.0.Ebs.Encrypted", False, HEAD, "not every disk is encrypted"),
        (AWS, f"{HEAD}.TagSpecifications", REMOVED, HEAD, "TagSpecifications"),
        (
            AWS,
            f"{TRAINER}.InstanceMarketOptions",
            {"MarketType": "spot"},
            f"{TRAINER}.InstanceMarketOptions",
            "on demand",
        ),
        (AWS, "available_node_types.trainer.min_workers", 1, "available_node_types.trainer", "day and night"),
        (AWS, "available_node_types.sampler.max_workers", 99, "available_node_types.sampler", "is that meant?"),
        (AWS, "available_node_types.sampler.max_workers", 0, "available_node_types.sampler", "ever start"),
        (AWS, "provider.cache_stopped_nodes", True, "provider.cache_stopped_nodes", "disks are paid for"),
        (
            KUBE,
            f"{GROUP}.securityContext",
            {},
            "spec.workerGroupSpecs[0].template.spec.containers[0]",
            "may run as root",
        ),
    ],
)
def test_what_somebody_should_look_at_is_a_warning(name: str, path: str, value: Any, where: str, says: str) -> None:
    findings = check_cluster(broken(name, path, value))
    assert any(f.level == "warning" and f.where == where and says in f.message for f in findings), findings


def test_the_command_ends_with_2_on_errors_and_speaks_json(tmp_path: Path) -> None:
    ask = CliRunner().invoke
    assert ask(app, ["cluster", "check", AWS, "--config", LLAVA]).exit_code == 0
    bad = tmp_path / "bad.yaml"
    bad.write_text((ROOT / AWS).read_text().replace("idle_timeout_minutes: 10", "idle_timeout_minutes: 0"))
    said = ask(app, ["cluster", "check", str(bad)])
    assert said.exit_code == 2
    assert "error: idle_timeout_minutes: nodes without work must go" in said.output
    said = ask(app, ["cluster", "check", str(bad), "--json"])
    assert said.exit_code == 2
    levels = {finding["level"] for finding in json.loads(said.output)["findings"]}
    assert levels == {"error", "warning"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: [", "is not valid YAML"),
        ("- 1", "must hold mappings"),
        ("provider: {type: gcp}", "provider.type 'gcp' is not known here"),
        ("kind: Pod\napiVersion: v1", "describes no cluster"),
    ],
)
def test_what_is_no_cluster_file_is_refused(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "cluster.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=re.escape(says)):
        ClusterFile.read(file)
    with pytest.raises(ConfigError, match="cannot read"):
        ClusterFile.read(tmp_path / "none.yaml")


@pytest.mark.parametrize("name", ["iam-policy", "iam-policy-worker"])
def test_policies_of_roles_are_limited(name: str) -> None:
    """No action but looking around is allowed on everything, and none is a wildcard."""
    policy = json.loads((ROOT / "configs" / "cluster" / f"{name}.json").read_text())
    for statement in policy["Statement"]:
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        assert statement["Effect"] == "Allow" and not any("*" in action for action in actions)
        if not all(action.startswith("ec2:Describe") for action in actions):
            resources = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
            assert "*" not in resources
        if "ec2:TerminateInstances" in actions:
            assert statement["Condition"]["StringEquals"] == {"aws:ResourceTag/ray-cluster-name": "redraft"}
        if "iam:PassRole" in actions:
            assert statement["Resource"].endswith(":role/redraft-worker")
