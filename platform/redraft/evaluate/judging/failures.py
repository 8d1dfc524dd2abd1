"""What the judge's server refused, in one sentence that holds no secret."""

from __future__ import annotations

import openai

from redraft.errors import ResourceError
from redraft.evaluate.judging.options import JudgeOptions
from redraft.server_words import message_of, one_line

_GO_ON = "run the same command later: answers in the judge's cache are not asked for again"


def declined(error: openai.APIStatusError) -> bool:
    """Whether the server's content filter stopped this one question, rather than the server all of them."""
    return error.status_code == 400 and error.code == "content_filter"


def explain(error: openai.APIError, options: JudgeOptions, key: str | None) -> ResourceError:
    """The error for people."""
    judge = f"the judge at {options.base_url}"
    if isinstance(error, openai.APITimeoutError):
        return ResourceError(
            f"{judge} gave no answer within {options.timeout:g} s in {options.retries + 1} tries: {_GO_ON}"
        )
    if isinstance(error, openai.APIConnectionError):
        why = one_line(str(error.__cause__ or error), key)
        return ResourceError(f"{judge} cannot be reached ({why}): check --judge-url and the network")
    if not isinstance(error, openai.APIStatusError):
        return ResourceError(f"{judge} failed ({one_line(error.message, key)}): {_GO_ON}")
    status = error.status_code
    if status in (401, 403):  # what the server says here may quote the key
        named = "any question without a key" if options.key_env is None else f"the key in {options.key_env}"
        return ResourceError(f"{judge} refuses {named} (status {status}): set a key that may ask {options.model}")
    said = f"status {status}: {one_line(message_of(error), key)}"
    if status == 404:
        return ResourceError(
            f"{judge} knows no model {options.model} ({said}): name one of its models as --judge-model, or mend "
            "--judge-url"
        )
    if status == 429:
        return ResourceError(f"{judge} refuses more questions for now ({said}): {_GO_ON}")
    if status >= 500 or status in (408, 409):
        return ResourceError(f"{judge} failed {options.retries + 1} times ({said}): {_GO_ON}")
    return ResourceError(f"{judge} refuses a question to {options.model} ({said}): mend the judge's options")
