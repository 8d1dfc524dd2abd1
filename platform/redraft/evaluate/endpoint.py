"""A policy behind an OpenAI-compatible server: one chat completion a question, the image as a data URI."""

from __future__ import annotations

import base64
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from redraft.errors import ConfigError, ResourceError
from redraft.sources.pictures import suffix_of

KEY_VARIABLE = "OPENAI_API_KEY"
"""The environment variable with the server's key; servers on one's own machine want none."""

_TRIES = 5
_TIMEOUT_SECONDS = 300.0
_MEDIA = {".jpg": "jpeg"}


class EndpointAnswerer:
    """Asks a server; questions of a batch are in flight side by side."""

    def __init__(
        self,
        url: str,
        model: str,
        *,
        max_new_tokens: int,
        key: str | None = None,
        transport: httpx.BaseTransport | None = None,
        pause: float = 1.0,
    ) -> None:
        """Nothing is sent before the first question.

        Args:
            url: up to and including the version, as ``http://host:8000/v1``.
            model: its name on the server.
            max_new_tokens: where an answer is cut off.
            key: sent as a bearer token.
            transport: stands in for the network.
            pause: seconds before the second try; doubled for each further one.

        Raises:
            ConfigError: ``url`` is no http address.
        """
        if not url.startswith(("http://", "https://")):
            raise ConfigError(f"--endpoint {url}: write an address as http://host:8000/v1")
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._url = url.rstrip("/") + "/chat/completions"
        self._model, self._tokens, self._pause = model, max_new_tokens, pause
        self._client = httpx.Client(headers=headers, timeout=_TIMEOUT_SECONDS, transport=transport)
        self.says = f"model {model} at {url}, temperature 0, {max_new_tokens} tokens at most"

    def answer(self, images: Sequence[bytes], prompts: Sequence[str]) -> list[str]:
        """One text a prompt.

        Raises:
            ResourceError: the server refuses, or cannot be reached after a few tries.
        """
        with ThreadPoolExecutor(max_workers=len(prompts)) as pool:
            return list(pool.map(self._one, images, prompts))

    def _one(self, image: bytes, prompt: str) -> str:
        body = {
            "model": self._model,
            "temperature": 0,
            "max_tokens": self._tokens,
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {"type": "image_url", "image_url": {"url": _data_uri(image)}},
                        {"type": "text", "text": prompt},
                    ],
                }
            ],
        }
        problem = ""
        for attempt in range(_TRIES):
            if attempt:
                time.sleep(self._pause * 2 ** (attempt - 1))
            try:
                response = self._client.post(self._url, json=body)
            except httpx.TransportError as e:
                problem = f"{type(e).__name__}: {e}"
                continue
            if response.status_code == 200:
                return self._text(response)
            problem = f"status {response.status_code}: {' '.join(response.text.split())[:200]}"
            if response.status_code not in (408, 409, 429) and response.status_code < 500:
                break
        raise ResourceError(f"{self._url} does not answer ({problem}): run the same command again to go on")

    def _text(self, response: httpx.Response) -> str:
        try:
            found: Any = response.json()["choices"][0]["message"]["content"]
        except (ValueError, LookupError, TypeError) as e:
            raise ResourceError(f"{self._url} sent no chat completion: is it an OpenAI-compatible server?") from e
        if not isinstance(found, str):
            raise ResourceError(f"{self._url} sent a completion without text for model {self._model}")
        return found.replace("\0", "\ufffd").strip()


def _data_uri(image: bytes) -> str:
    suffix = suffix_of(image)
    return f"data:image/{_MEDIA.get(suffix, suffix[1:])};base64,{base64.b64encode(image).decode()}"
