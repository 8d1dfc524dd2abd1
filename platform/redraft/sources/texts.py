"""Prompts and responses out of untrusted cells: plain strings, or conversations of one message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from redraft.errors import DataError

PLACEHOLDER: Final = "<image>"
LONGEST_TEXT: Final = 1_000_000
"""Characters; no text near this long can fit a model, and tokenising it would take minutes."""


def prompt_text(value: object) -> str:
    """The question, without the mark that says where the picture goes.

    Args:
        value: a string, or a conversation of one user message.

    Raises:
        DataError: no text, more than one picture, or a picture in the middle of the text.
    """
    text, pictures = _said(value, "prompt", "user")
    pictures += text.count(PLACEHOLDER)
    if pictures > 1:
        raise DataError(f"prompt is about {pictures} pictures, and only one is supported")
    text = text.strip().removeprefix(PLACEHOLDER).removesuffix(PLACEHOLDER).strip()
    if PLACEHOLDER in text:
        raise DataError(f"prompt has its picture ({PLACEHOLDER}) between words, and it must come first or last")
    return _checked(text, "prompt")


def response_text(value: object, what: str) -> str:
    """A response without the white space around it, as the policy's own responses are.

    Args:
        value: a string, or a conversation of one assistant message.
        what: ``chosen`` or ``rejected``, for errors.

    Raises:
        DataError: no text, or something else than text.
    """
    text, pictures = _said(value, what, "assistant")
    if pictures:
        raise DataError(f"{what} holds a picture, and a response is text alone")
    return _checked(text.strip(), what)


def plain_text(value: object, what: str) -> str:
    """A text exactly as it is, for those that character positions are about.

    Raises:
        DataError: no text.
    """
    return _checked(_string(value, what), what)


def refuse_equal(chosen: str, rejected: str) -> None:
    """Refuse a pair that prefers a text over itself.

    Raises:
        DataError: the two are equal.
    """
    if chosen == rejected:
        raise DataError("chosen and rejected are the same text, so neither is preferred")


def _said(value: object, what: str, role: str) -> tuple[str, int]:
    """The text of a cell and how many pictures its parts stand for."""
    if not isinstance(value, list):
        return _string(value, what), 0
    if len(value) != 1:
        raise DataError(f"{what} holds {len(value)} messages, and only one, of role {role}, is supported")
    message = value[0]
    if not isinstance(message, Mapping):
        raise DataError(f"{what} holds no message with role and content")
    if message.get("role") != role:
        raise DataError(f"{what} holds a message of role {str(message.get('role'))[:40]!r}, which must be {role}")
    content = message.get("content")
    if not isinstance(content, list):
        return _string(content, what), 0
    parts = [_part(part, what) for part in content]
    return "".join(text for text in parts if text is not None), parts.count(None)


def _part(part: object, what: str) -> str | None:
    """The text of a part of a message; ``None`` for a picture."""
    kind = part.get("type") if isinstance(part, Mapping) else None
    if not isinstance(part, Mapping) or kind not in ("text", "image"):
        raise DataError(f"{what} holds a part of type {str(kind)[:40]!r}, and only text and image are supported")
    return None if kind == "image" else _string(part.get("text"), what)


def _string(value: object, what: str) -> str:
    if value is None:
        raise DataError(f"{what} is missing")
    if not isinstance(value, str):
        raise DataError(f"{what} is {_kind(value)}, not text")
    return value


def _checked(text: str, what: str) -> str:
    if not text.strip():
        raise DataError(f"{what} is empty")
    if len(text) > LONGEST_TEXT:
        raise DataError(f"{what} has {len(text)} characters, more than {LONGEST_TEXT}")
    if "\0" in text:
        raise DataError(f"{what} holds a NUL character")
    try:
        text.encode()
    except UnicodeEncodeError as e:
        raise DataError(f"{what} is no valid Unicode (half a surrogate pair at character {e.start})") from e
    return text


def _kind(value: object) -> str:
    return {bool: "true or false", int: "a number", float: "a number", dict: "an object"}.get(
        type(value), f"a {type(value).__name__}"
    )
