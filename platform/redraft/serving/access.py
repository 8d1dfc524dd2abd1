"""Who may ask: whoever holds a token for the policy, or, where that is configured, whoever is on this machine."""

from __future__ import annotations

from redraft.records import TokenKind
from redraft.serving.refusals import Refused
from redraft.serving.settings import is_loopback
from redraft.store import Store

_HOW = "send `Authorization: Bearer TOKEN` with a token from `redraft tokens new RUN NAME --scope policy`"


class Access:
    """Looks at every request's headers; ``store`` None means that no token is asked for.

    Tokens are looked up by the SHA-256 of 256 random bits, so the time that takes says nothing about any of them.
    """

    def __init__(self, store: Store | None) -> None:
        self._store = store

    def check(self, authorization: str | None, host: str | None) -> None:
        """Let the caller pass.

        Args:
            authorization: the header of that name.
            host: the header of that name. Without tokens it must name this machine: else a web page could have its own
                name lead here and ask from the browser of somebody who is.

        Raises:
            Refused: 401 without a good token; 403 under a foreign name.
        """
        if self._store is None:
            if not is_loopback(_without_port(host or "")):
                raise Refused("without tokens, this server answers under a loopback name alone", status=403)
            return
        scheme, _, secret = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not secret:
            raise Refused(f"no token came with the request: {_HOW}", status=401, code="invalid_api_key")
        if self._store.holder(secret.strip(), TokenKind.POLICY) is None:
            raise Refused(f"this token does not open the policy: {_HOW}", status=401, code="invalid_api_key")


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdecimal() else host
