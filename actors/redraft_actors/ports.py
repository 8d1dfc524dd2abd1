"""Ports: refuse early what would fail late."""

from __future__ import annotations

import socket

from redraft.errors import ResourceError


def check_port_free(host: str, port: int) -> None:
    """Raise ResourceError when something else listens on ``host:port``."""
    if port == 0:
        return
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as e:
            raise ResourceError(
                f"port {port} on {host} is in use ({e.strerror}): set serve.port to a free one, or serve.enabled=false"
            ) from e
