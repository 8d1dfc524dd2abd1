"""How responses are drawn, and by whom."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from redraft.config.address import plain_address
from redraft.config.section import Section

POLICY_PLACEHOLDER = "{policy}"
"""Stands for the id of the policy version to sample from."""

StopText = Annotated[str, Field(min_length=1, max_length=100)]


class EndpointConfig(Section):
    """An OpenAI-compatible server with log-probabilities. The secret is no part of it: ``key_env`` says where it is."""

    url: str = Field(description="up to and including the version, as http://host:8000/v1")
    model: str = Field(
        POLICY_PLACEHOLDER,
        min_length=1,
        description="name of the policy on the server; {policy} stands for the version's id, and the server must then "
        "answer as that version; of any other name it is believed that it is the incumbent",
    )
    key_env: str | None = Field(
        None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", description="environment variable with the key; unset: no key"
    )
    dialect: Literal["openai", "vllm"] = Field(
        "openai", description="vllm: the server takes min_p, repetition_penalty and top_k too, as vLLM and SGLang do"
    )
    timeout_s: float = Field(300.0, gt=0, description="seconds to wait for an answer")
    concurrency: int = Field(8, ge=1, le=256, description="requests in flight, for each sampler")
    retries: int = Field(6, ge=0, le=20, description="further tries after 408, 409, 429, 5xx and lost connections")
    top_logprobs: int = Field(20, ge=0, le=20, description="alternatives a token that entropies are estimated from")
    samples_per_call: int | None = Field(
        None, ge=1, description="samples asked for at a time, for servers that limit n; default: all k at once"
    )

    @field_validator("url")
    @classmethod
    def _plain_address(cls, url: str) -> str:
        return plain_address(url, "the endpoint's")


class SampleConfig(Section):
    """How responses are drawn."""

    engine: Literal["local", "remote"] = Field("local", description="in the samplers' processes, or by a server")
    endpoint: EndpointConfig | None = Field(None, description="the server of the remote engine")
    k: int = Field(4, ge=1, description="samples per image; the first is routed, all measure disagreement")
    temperature: float = Field(0.9, gt=0)
    top_p: float = Field(1.0, gt=0, le=1, description="keep the likeliest tokens that have this probability together")
    min_p: float = Field(0.0, ge=0, lt=1, description="leave out tokens less likely than this share of the likeliest")
    repetition_penalty: float = Field(1.0, gt=0, le=10, description="over 1 makes tokens that were used less likely")
    stop: tuple[StopText, ...] = Field((), max_length=4, description="texts before which a response ends")
    batch_size: int = Field(
        50, ge=1, description="images per batch, k rows each; fewer where memory is short or the server busy"
    )
    block_size: int | None = Field(
        None, ge=1, description="images per file of samples, the work that a kill may cost a sampler; default: a batch"
    )
    actors: int = Field(2, ge=1, description="sampler actors")
    cpus_per_actor: float = Field(0.5, gt=0)
    gpus_per_actor: float = Field(0.0, ge=0)
    accelerator_type: str | None = Field(
        None, min_length=1, description="kind of GPU the samplers run on, as Ray names it, such as A100"
    )

    @model_validator(mode="after")
    def _engine_can(self) -> Self:
        if self.accelerator_type is not None and not self.gpus_per_actor:
            raise ValueError("sample.accelerator_type names a GPU: set sample.gpus_per_actor too")
        if self.engine == "local":
            return self
        if self.endpoint is None:
            raise ValueError("sample.engine remote needs a server: set sample.endpoint.url")
        if self.gpus_per_actor:
            raise ValueError("sample.engine remote draws elsewhere: set sample.gpus_per_actor to 0")
        if self.endpoint.dialect == "openai" and (self.min_p > 0 or self.repetition_penalty != 1):
            raise ValueError(
                "sample.min_p and sample.repetition_penalty are no part of OpenAI's format: set "
                "sample.endpoint.dialect=vllm if the server takes them"
            )
        return self

    @property
    def images_per_block(self) -> int:
        """Images per file of samples."""
        return self.block_size or self.batch_size
