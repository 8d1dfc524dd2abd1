"""Nothing secret in a file that is committed and copied to every node."""

from __future__ import annotations

import re
from collections.abc import Iterator

from redraft_actors.clusters.document import ClusterFile
from redraft_actors.clusters.finding import Finding, error

_LOOKS = {
    "an AWS access key": re.compile(r"\b(AKIA|ASIA)[0-9A-Z]{16}\b"),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY"),
    "a name and a password in an address": re.compile(r"://[^/\s:@]+:[^/\s@]+@"),
    "a token of a service": re.compile(r"\b(hf_|ghp_|sk-|xox[bp]-|rdr_)[A-Za-z0-9_-]{16,}"),
    "a secret in a command": re.compile(
        r"\b(RAY_AUTH_TOKEN|PGPASSWORD|AWS_SECRET_ACCESS_KEY|AWS_SESSION_TOKEN|[A-Z_]*API_KEY)=(?![\s\"']*\$)[^\s;]+"
    ),
}
_KEY = re.compile(r"(password|passwd|secret_?access_?key|access_?key(_?id)?|auth_?token|api_?key)$", re.IGNORECASE)
_ENVIRONMENT = re.compile(r"(PASSWORD|TOKEN|SECRET|_KEY|ACCESS_KEY_ID)$")


def secret_findings(file: ClusterFile) -> Iterator[Finding]:
    """Texts that are secrets, by their looks or by the key they stand under."""
    for where, key, text in file.texts():
        what = _looks_like(text)
        if what is None and _KEY.search(key) and text and not text.startswith(("~", "/")):
            what = "a secret"
        if what is not None:
            yield error(
                where, f"this looks like {what}: take it out, and let a role, a mounted file or a Secret bring it"
            )
    for i, tree in enumerate(file.documents):
        if tree.get("kind") == "Secret":
            yield error(
                f"documents[{i}]", "a Secret does not belong into this file: make it with kubectl create secret"
            )


def environment_findings(where: str, container: dict[str, object]) -> Iterator[Finding]:
    """Secrets that a container's environment holds in plain words."""
    variables = container.get("env")
    for i, variable in enumerate(variables if isinstance(variables, list) else []):
        if isinstance(variable, dict) and variable.get("value") and _ENVIRONMENT.search(str(variable.get("name", ""))):
            yield error(
                f"{where}.env[{i}]",
                f"{variable['name']} stands here in plain words: take it from a Secret by valueFrom",
            )


def _looks_like(text: str) -> str | None:
    return next((what for what, pattern in _LOOKS.items() if pattern.search(text)), None)
