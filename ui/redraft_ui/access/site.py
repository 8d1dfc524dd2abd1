"""The address under which people reach the app, and the names that it answers to."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from redraft.errors import ConfigError

LOCAL_NAMES = ("127.0.0.1", "localhost", "::1")
ANY_NAME = "*"
_EVERY_ADDRESS = ("0.0.0.0", "::")


@dataclass(frozen=True)
class Site:
    """``url`` without a slash at its end; ``names`` are host names without ports, ``*`` standing for all."""

    url: str
    names: tuple[str, ...]

    @classmethod
    def at(cls, host: str, port: int, public_url: str | None = None) -> Self:
        """Where an app that listens on ``host`` and ``port`` is reached.

        A page from elsewhere whose name was made to point here cannot pass for this app: only ``host``, the name in
        ``public_url`` and this machine's own names are answered. An app that listens on every address without a
        public URL cannot know its names, and answers to all.

        Raises:
            ConfigError: ``public_url`` is not an http or https address without a path.
        """
        if public_url is not None:
            url = _checked(public_url)
            return cls(url, (*LOCAL_NAMES, str(urlsplit(url).hostname), *_named(host)))
        if host in _EVERY_ADDRESS:
            return cls(_url(socket.gethostname(), port), (ANY_NAME,))
        return cls(_url(host, port), (*LOCAL_NAMES, *_named(host)))

    @property
    def encrypted(self) -> bool:
        """Whether people come over TLS, so that cookies must never travel without it."""
        return self.url.startswith("https:")

    @property
    def local(self) -> bool:
        """Whether the address means this machine alone."""
        return urlsplit(self.url).hostname in LOCAL_NAMES


def join_link(url: str, secret: str) -> str:
    """The address at which an invitation to the app at ``url`` is redeemed."""
    return f"{url}/join#{secret}"


def local_url(host: str, port: int) -> str:
    """The address at which this machine itself reaches an app that listens on ``host`` and ``port``."""
    return _url("127.0.0.1" if host in _EVERY_ADDRESS else host, port)


def _named(host: str) -> tuple[str, ...]:
    return () if host in (*LOCAL_NAMES, *_EVERY_ADDRESS) else (host.lower(),)


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _checked(public_url: str) -> str:
    url = public_url.rstrip("/")
    parts = urlsplit(url)
    plain = not (parts.path or parts.query or parts.fragment or parts.username or parts.password)
    if parts.scheme not in ("http", "https") or not parts.hostname or not plain:
        raise ConfigError(f"the public URL {public_url} will not do: write it as https://redraft.example.org")
    return url
