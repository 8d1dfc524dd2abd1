"""The secret that a server wants: from the environment, never from a config."""

from __future__ import annotations

import os

from redraft.errors import ResourceError


def key_from(variable: str | None, server: str, mend: str) -> str | None:
    """The secret in an environment variable, None where no variable is named.

    Args:
        server: such as "the judge at http://host/v1", for the sentence about what is missing.
        mend: what to do about it.

    Raises:
        ResourceError: the variable is empty, or holds what no header may hold.
    """
    if variable is None:
        return None
    key = os.environ.get(variable, "").strip()
    if not key:
        raise ResourceError(f"the environment variable {variable} holds no key for {server}: {mend}")
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise ResourceError(f"the environment variable {variable} holds something that cannot be a key: set it anew")
    return key
