"""How a judge is asked. The secret is no part of it: ``key_env`` names the environment variable that holds it."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from redraft.config.address import plain_address
from redraft.config.section import Section

OPENAI_URL = "https://api.openai.com/v1"
OPENAI_KEY = "OPENAI_API_KEY"


class JudgeOptions(Section):
    """An OpenAI-compatible chat-completions endpoint and how to ask it."""

    model: str = Field(min_length=1, description="name of the model on the server")
    base_url: str = Field(OPENAI_URL, description="up to and including the version, as http://host:8000/v1")
    key_env: str | None = Field(OPENAI_KEY, description="environment variable with the key; null where none is wanted")
    temperature: float | None = Field(0.0, ge=0, le=2, description="null leaves it to the server")
    max_tokens: int = Field(1024, ge=1, description="where an answer is cut off")
    limit_name: Literal["max_tokens", "max_completion_tokens"] = Field(
        "max_tokens", description="what the server calls that limit; reasoning models of OpenAI want the second"
    )
    price_in: float | None = Field(None, ge=0, description="price of a million prompt tokens, in a currency of yours")
    price_out: float | None = Field(None, ge=0, description="price of a million completion tokens, in the same")
    concurrency: int = Field(4, ge=1, le=64, description="questions in flight")
    timeout: float = Field(120.0, gt=0, description="seconds to wait for an answer")
    retries: int = Field(6, ge=0, le=20, description="further tries after 408, 409, 429, 5xx and timeouts")

    @field_validator("base_url")
    @classmethod
    def _plain_address(cls, url: str) -> str:
        return plain_address(url, "the judge's")

    @model_validator(mode="after")
    def _both_prices(self) -> Self:
        if (self.price_in is None) != (self.price_out is None):
            raise ValueError("give both prices, of prompt and of completion tokens, or none")
        return self

    @property
    def label(self) -> str:
        """The model and how it is sampled."""
        sampled = "the server's temperature" if self.temperature is None else f"temperature {self.temperature:g}"
        return f"{self.model}, {sampled}, {self.max_tokens} tokens at most"

    def cost(self, prompt_tokens: int, completion_tokens: int) -> float | None:
        """What tokens cost; None without prices."""
        if self.price_in is None or self.price_out is None:
            return None
        return (prompt_tokens * self.price_in + completion_tokens * self.price_out) / 1_000_000
