"""What a replica is told: which versions to answer with, and on which terms."""

from __future__ import annotations

import ipaddress

from pydantic import Field

from redraft.config import PolicyConfig, ServeConfig
from redraft.records import Record


class ServedVersion(Record):
    """A policy version and the checkpoint folder that holds it."""

    id: str
    path: str


class ServeTerms(Record):
    """What stays the same from version to version.

    ``run`` is the run folder whose store knows the tokens and the stored images; without one, neither can be used.
    """

    serve: ServeConfig = ServeConfig()
    policy: PolicyConfig = PolicyConfig()
    max_pixels: int = Field(50_000_000, ge=1)
    run: str | None = None

    @property
    def needs_token(self) -> bool:
        """Whether callers must prove who they are."""
        return not (self.serve.open_on_loopback and is_loopback(self.serve.host))


class ServeSettings(Record):
    """All of it; ``canary_share`` of the requests go to the candidate, if there is one."""

    promoted: ServedVersion
    candidate: ServedVersion | None = None
    canary_share: float = Field(0.0, ge=0, le=1)
    terms: ServeTerms = ServeTerms()


def is_loopback(host: str) -> bool:
    """Whether a host name or address, without a port, reaches nobody but this machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
