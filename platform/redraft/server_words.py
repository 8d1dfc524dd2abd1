"""What an OpenAI-compatible server said when it refused, fit to be shown."""

from __future__ import annotations

import openai

_QUOTED = 200


def message_of(error: openai.APIStatusError) -> str:
    """The server's own words, where it sent any."""
    body = error.body
    if isinstance(body, dict) and isinstance(body.get("message"), str):
        return str(body["message"])
    return body if isinstance(body, str) else error.message


def one_line(text: str, key: str | None) -> str:
    """One short line without the key."""
    hidden = text.replace(key, "[key]") if key else text
    return " ".join(hidden.split())[:_QUOTED]
