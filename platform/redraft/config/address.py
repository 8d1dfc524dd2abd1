"""Addresses of servers in a config: plain, and without a secret."""

from __future__ import annotations

from urllib.parse import urlsplit


def plain_address(url: str, whose: str) -> str:
    """The address without a slash at its end.

    Args:
        whose: such as "the judge's", for the sentence about what is wrong.

    Raises:
        ValueError: it is no http(s) address, or holds a name, password or query.
    """
    try:
        parts = urlsplit(url)
        plain = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        plain = False
    if not plain:
        raise ValueError(f"{whose} address must be like http://host:8000/v1")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError(f"{whose} address must hold no name, password or query: keep secrets in key_env")
    return url.rstrip("/")
