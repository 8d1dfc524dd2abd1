"""Kubernetes manifests: the fields that decide who may do what, and what is paid for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from redraft_actors.clusters.document import RAY_KINDS, ClusterFile, dig
from redraft_actors.clusters.finding import Finding, error, warning
from redraft_actors.clusters.nodes import group_resources
from redraft_actors.clusters.secrets import environment_findings
from redraft_actors.clusters.sizes import LONGEST_IDLE_MINUTES

API_VERSION = "ray.io/v1"
_HTTPS = 443
_PINNED = re.compile(r"@sha256:[0-9a-f]{64}$|:(?!latest$|nightly)[\w.-]*[0-9][\w.-]*$")


def manifest_findings(file: ClusterFile) -> Iterator[Finding]:
    """All rules about manifests."""
    tree = file.tree
    where = RAY_KINDS[tree["kind"]]
    spec = file.at(*where.split("."), default={})
    if tree.get("apiVersion") != API_VERSION:
        yield error("apiVersion", f"KubeRay's {tree['kind']} is of {API_VERSION}: write that")
    yield from _cluster(spec, where)
    for path, group in _groups(spec, where):
        yield from _group(group, path)
    submitter = file.at("spec", "submitterPodTemplate") if tree["kind"] == "RayJob" else None
    if submitter is not None:
        yield from _pod(dig(submitter, "spec", default={}), "spec.submitterPodTemplate.spec")
    if tree["kind"] == "RayJob":
        yield from _job(tree)
    for i, other in enumerate(file.documents[1:], start=1):
        yield from _neighbour(other, f"documents[{i}].spec")


def _cluster(spec: Any, where: str) -> Iterator[Finding]:
    if dig(spec, "authOptions", "mode") != "token":
        yield error(f"{where}.authOptions.mode", "whoever reaches this Ray may run code: set it to token")
    if not dig(spec, "rayVersion"):
        yield error(f"{where}.rayVersion", "KubeRay guesses the version, and token authentication needs it: name it")
    if dig(spec, "enableInTreeAutoscaling") is not True:
        yield error(f"{where}.enableInTreeAutoscaling", "nodes without work would stay: set it to true")
    idle = dig(spec, "autoscalerOptions", "idleTimeoutSeconds")
    if not isinstance(idle, int) or not 0 < idle <= LONGEST_IDLE_MINUTES * 60:
        yield error(
            f"{where}.autoscalerOptions.idleTimeoutSeconds",
            f"nodes without work must go: set it to seconds above 0 and at most {LONGEST_IDLE_MINUTES * 60}",
        )
    if dig(spec, "headGroupSpec", "serviceType", default="ClusterIP") != "ClusterIP":
        yield error(
            f"{where}.headGroupSpec.serviceType",
            "this opens the dashboard, which takes jobs, beyond the cluster: set it to ClusterIP",
        )


def _groups(spec: Any, where: str) -> Iterator[tuple[str, Any]]:
    yield f"{where}.headGroupSpec", dig(spec, "headGroupSpec", default={})
    for i, group in enumerate(dig(spec, "workerGroupSpecs", default=[]) or []):
        yield f"{where}.workerGroupSpecs[{i}]", group


def _group(group: Any, where: str) -> Iterator[Finding]:
    yield from _pod(dig(group, "template", "spec", default={}), f"{where}.template.spec")
    told, limits = (
        group_resources(group),
        dig(group, "template", "spec", "containers", 0, "resources", "limits", default={}),
    )
    gpus = int(float(told.get("GPU") or 0))
    if gpus != int((limits or {}).get("nvidia.com/gpu", 0)):
        yield error(
            f"{where}.template.spec.containers[0].resources.limits",
            f"Ray is told of {gpus} GPUs, and the pod gets {(limits or {}).get('nvidia.com/gpu', 0)}: "
            f"set nvidia.com/gpu to {gpus}",
        )


def _pod(pod: Any, where: str) -> Iterator[Finding]:
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if dig(pod, key):
            yield error(f"{where}.{key}", "this lets the pod out of its own walls: take it out")
    for i, container in enumerate(dig(pod, "containers", default=[]) or []):
        path = f"{where}.containers[{i}]"
        yield from _container(container, path)
        if not dig(container, "securityContext", "runAsNonRoot") and not dig(pod, "securityContext", "runAsNonRoot"):
            yield warning(path, "the container may run as root: set securityContext.runAsNonRoot: true")
    for i, volume in enumerate(dig(pod, "volumes", default=[]) or []):
        if dig(volume, "hostPath"):
            yield error(f"{where}.volumes[{i}]", "this mounts a folder of the machine itself: use a claim")


def _container(container: Any, where: str) -> Iterator[Finding]:
    image = str(dig(container, "image", default=""))
    if not _PINNED.search(image):
        yield error(f"{where}.image", f"{image or 'no image'} may be another one tomorrow: name a version or a digest")
    security = dig(container, "securityContext", default={})
    if dig(security, "privileged") or dig(security, "allowPrivilegeEscalation") is not False:
        yield error(
            f"{where}.securityContext",
            "the container may take over its machine: set allowPrivilegeEscalation: false, and no privileged",
        )
    limits = dig(container, "resources", "limits", default={}) or {}
    if "memory" not in limits or "cpu" not in limits:
        yield error(f"{where}.resources.limits", "Ray sizes itself by them: set cpu and memory")
    if any(dig(port, "hostPort") for port in dig(container, "ports", default=[]) or []):
        yield error(f"{where}.ports", "a hostPort opens Ray to the machine's network: take it out")
    yield from environment_findings(where, container)


def _job(tree: Any) -> Iterator[Finding]:
    if dig(tree, "spec", "shutdownAfterJobFinishes") is not True:
        yield error("spec.shutdownAfterJobFinishes", "the nodes would stay after the run: set it to true")
    if "redraft" not in str(dig(tree, "spec", "entrypoint", default="")):
        yield error(
            "spec.entrypoint",
            "this starts no run: write python -m redraft_actors.clusters.job CONFIG --out FOLDER --wait",
        )


def _neighbour(tree: Any, where: str) -> Iterator[Finding]:
    if tree.get("kind") == "Service" and dig(tree, "spec", "type") in ("LoadBalancer", "NodePort"):
        ports = {dig(port, "port") for port in dig(tree, "spec", "ports", default=[]) or []}
        if ports - {_HTTPS}:
            yield error(
                f"{where}.ports", "only port 443 is for the world outside: take the others out, or use ClusterIP"
            )
    if tree.get("kind") == "NetworkPolicy":
        for i, rule in enumerate(dig(tree, "spec", "ingress", default=[]) or []):
            ports = {dig(port, "port") for port in dig(rule, "ports", default=[]) or []}
            if not dig(rule, "from") and ports != {_HTTPS}:
                yield error(f"{where}.ingress[{i}]", "this lets everybody in: say from where")
