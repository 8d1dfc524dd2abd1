"""Who can reach Ray: whoever does may run code on every node."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from redraft_actors.clusters.document import ClusterFile, dig
from redraft_actors.clusters.finding import Finding, error
from redraft_actors.clusters.launcher import StartCommand

TOKEN_FILE = "~/.ray/auth_token"
EVERYBODY = ("0.0.0.0/0", "::/0")
_HTTPS = 443
_DASHBOARD = re.compile(r"--dashboard-host[= ]\s*(\S+)")
_HERE = ("127.0.0.1", "localhost", "::1")


def token_findings(file: ClusterFile, commands: Sequence[StartCommand]) -> Iterator[Finding]:
    """Token authentication on every node, and the token there."""
    for start in commands:
        if not re.search(r"\bRAY_AUTH_MODE=token\b", start.command):
            yield error(
                start.where, "whoever reaches this Ray may run code: export RAY_AUTH_MODE=token before ray start"
            )
    if TOKEN_FILE not in (file.at("file_mounts", default={}) or {}):
        yield error("file_mounts", f'the nodes have no token: add "{TOKEN_FILE}": {TOKEN_FILE}')


def dashboard_findings(commands: Sequence[StartCommand]) -> Iterator[Finding]:
    """The dashboard on the head's own loopback address."""
    for start in commands:
        told = _DASHBOARD.search(start.command)
        if start.head and (told is None or told.group(1).strip("'\"") not in _HERE):
            yield error(
                start.where, "the dashboard takes jobs from the network: give ray start --dashboard-host=127.0.0.1"
            )


def ingress_findings(file: ClusterFile) -> Iterator[Finding]:
    """Nothing open to everybody but port 443, and no public addresses."""
    if file.at("provider", "use_internal_ips") is not True:
        yield error("provider.use_internal_ips", "Ray reaches its nodes by public addresses: set it to true")
    for i, rule in enumerate(file.at("provider", "security_group", "IpPermissions", default=[]) or []):
        yield from _open_rule(rule, f"provider.security_group.IpPermissions[{i}]")
    for name, node in (file.at("available_node_types", default={}) or {}).items():
        where, config = f"available_node_types.{name}.node_config", dig(node, "node_config", default={})
        if not dig(config, "SecurityGroupIds") and not dig(config, "NetworkInterfaces"):
            yield error(
                where, "without SecurityGroupIds Ray makes a group that opens port 22 to 0.0.0.0/0: name your own"
            )
        for i, interface in enumerate(dig(config, "NetworkInterfaces", default=[]) or []):
            if dig(interface, "AssociatePublicIpAddress"):
                yield error(f"{where}.NetworkInterfaces[{i}]", "this gives the node a public address: take it out")


def _open_rule(rule: Any, where: str) -> Iterator[Finding]:
    ranges = [dig(r, "CidrIp") for r in dig(rule, "IpRanges", default=[]) or []]
    ranges += [dig(r, "CidrIpv6") for r in dig(rule, "Ipv6Ranges", default=[]) or []]
    ports = (dig(rule, "FromPort"), dig(rule, "ToPort"))
    if any(r in EVERYBODY for r in ranges) and ports != (_HTTPS, _HTTPS):
        yield error(where, "this opens more than port 443 to the whole world: name the network that may come in")
