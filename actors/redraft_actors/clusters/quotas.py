"""How many machines AWS allows an account, in vCPUs of a family; a new account is allowed none with a GPU."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal

from redraft.records import Record
from redraft_actors.clusters.document import ClusterFile
from redraft_actors.clusters.finding import Finding, error, warning
from redraft_actors.clusters.nodes import NodeKind, node_kinds

Market = Literal["on demand", "spot"]

_NAMES: dict[Market, re.Pattern[str]] = {
    "on demand": re.compile(r"^Running On-Demand (.+) instances$"),
    "spot": re.compile(r"^All (.+) Spot Instance Requests$"),
}
"""As Service Quotas names them; what stands between tells the families."""


class Quota(Record):
    """One that counts vCPUs; ``families`` are such as P, or P4 where one generation is counted alone."""

    name: str
    market: Market
    families: tuple[str, ...]
    vcpus: float


def quota_findings(file: ClusterFile, client: Any = None) -> Iterator[Finding]:
    """Machines that the account may not have, asked of AWS with the credentials that this process has; costs nothing.

    Args:
        file: one for AWS.
        client: of boto3, for ``service-quotas``; None makes one for the file's region.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]

    try:
        quotas = read_quotas(client or _client(str(file.at("provider", "region"))))
    except (BotoCoreError, ClientError) as e:
        yield warning(
            "provider",
            f"nobody can tell whether the account may have these machines ({e}): give credentials that may call "
            "servicequotas:ListServiceQuotas and ListAWSDefaultServiceQuotas",
        )
        return
    asked: dict[Quota, list[NodeKind]] = {}
    for kind in node_kinds(file):
        quota = _quota_of(file, kind, quotas)
        if quota is not None:
            asked.setdefault(quota, []).append(kind)
    for quota, kinds in asked.items():
        yield from _short(file, quota, kinds)


def read_quotas(client: Any) -> list[Quota]:
    """All that count vCPUs: the account's own values, AWS's defaults where it has none."""
    values: dict[str, tuple[str, float]] = {}
    for operation in ("list_aws_default_service_quotas", "list_service_quotas"):
        for page in client.get_paginator(operation).paginate(ServiceCode="ec2"):
            values |= {q["QuotaCode"]: (q["QuotaName"], q["Value"]) for q in page["Quotas"]}
    return [
        Quota(name=name, market=market, families=tuple(re.findall(r"\b[A-Z]+\d*\b", found[1])), vcpus=value)
        for name, value in values.values()
        for market, pattern in _NAMES.items()
        if (found := pattern.match(name))
    ]


def _client(region: str) -> Any:
    import boto3  # type: ignore[import-untyped]
    from botocore.config import Config  # type: ignore[import-untyped]

    patient = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 2})
    return boto3.client("service-quotas", region_name=region, config=patient)


def _quota_of(file: ClusterFile, kind: NodeKind, quotas: list[Quota]) -> Quota | None:
    """The one that machines of a kind count towards: that of their generation, or else of their family."""
    config = file.at("available_node_types", kind.name, "node_config", default={})
    machine = re.match(r"([a-z]+)(\d+)", str(config.get("InstanceType", "")))
    market: Market = "spot" if (config.get("InstanceMarketOptions") or {}).get("MarketType") == "spot" else "on demand"
    if machine is None:
        return None
    family, generation = machine[1].upper(), machine[0].upper()
    for wanted in (generation, family):
        for quota in quotas:
            if quota.market == market and wanted in quota.families:
                return quota
    return None


def _short(file: ClusterFile, quota: Quota, kinds: list[NodeKind]) -> Iterator[Finding]:
    """An error where not one machine of a kind may start, a warning where not all of them may."""
    left, region = quota.vcpus, file.at("provider", "region")
    for kind in kinds:
        if not kind.cpus or not kind.most:
            continue
        room = min(kind.most, int(left / kind.cpus + 1e-9))
        left -= room * kind.cpus
        if room == kind.most:
            continue
        needed = sum(each.most * each.cpus for each in kinds)
        say = error if room < max(1, kind.least) else warning
        yield say(
            kind.where,
            f"AWS lets this account have {quota.vcpus:g} vCPUs of “{quota.name}” in {region}, which is {room} of up to "
            f"{kind.most} such machines: ask for {needed:g} in the console of Service Quotas, or name another region",
        )
