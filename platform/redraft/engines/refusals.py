"""What the endpoint refused, in one sentence that holds no secret."""

from __future__ import annotations

import openai

from redraft.config.sampling import EndpointConfig
from redraft.errors import ResourceError
from redraft.server_words import message_of, one_line

_GO_ON = "mend it and resume the run: blocks that were sampled are kept"


def explain(error: openai.APIError, endpoint: EndpointConfig, model: str, key: str | None) -> ResourceError:
    """The error for people."""
    where = f"the endpoint at {endpoint.url}"
    if isinstance(error, openai.APITimeoutError):
        return ResourceError(
            f"{where} gave no answer within {endpoint.timeout_s:g} s in {endpoint.retries + 1} tries: {_GO_ON}"
        )
    if isinstance(error, openai.APIConnectionError):
        why = one_line(str(error.__cause__ or error), key)
        return ResourceError(f"{where} cannot be reached ({why}): check sample.endpoint.url and the network")
    if not isinstance(error, openai.APIStatusError):
        return ResourceError(f"{where} failed ({one_line(error.message, key)}): {_GO_ON}")
    return ResourceError(f"{where} {_refusal(error, endpoint, model, key)}")


def _refusal(error: openai.APIStatusError, endpoint: EndpointConfig, model: str, key: str | None) -> str:
    status = error.status_code
    if status in (401, 403):  # what the server says here may quote the key
        named = "requests without a key" if endpoint.key_env is None else f"the key in {endpoint.key_env}"
        return (
            f"refuses {named} (status {status}): set sample.endpoint.key_env to a variable with a key that may sample"
        )
    message = message_of(error)
    said = f"status {status}: {one_line(message, key)}"
    if status == 404:
        return f"knows no model {model} ({said}): mend sample.endpoint.model or sample.endpoint.url"
    if status in (408, 409, 429) or status >= 500:
        return f"failed {endpoint.retries + 1} times ({said}): {_GO_ON}"
    if "logprob" in message.lower():
        return (
            f"gives no log-probabilities for {model} ({said}), which uncertainty is measured by: choose a server or "
            "model that does, lower sample.endpoint.top_logprobs, or set sample.engine=local"
        )
    return f"refuses a request to {model} ({said}): mend the settings under sample"
